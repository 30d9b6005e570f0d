// The grammar of header fields (RFC 9110 section 5): valid names and values, and comma-separated
// lists.
#pragma once

#include <string_view>
#include <vector>

namespace sioserve {

bool is_token(std::string_view text);

// No control characters but the tab, so in particular no line ends.
bool is_field_value(std::string_view text);

// ASCII only, as protocol elements are.
inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
bool equals_ignoring_case(std::string_view left, std::string_view right);

// Without spaces and tabs at either end.
std::string_view trim(std::string_view text);

// The members of a comma-separated list, trimmed, empty ones left out.
std::vector<std::string_view> split_list(std::string_view value);

// Whether the comma-separated list has this member, in any case.
bool list_contains(std::string_view value, std::string_view member);

}  // namespace sioserve
