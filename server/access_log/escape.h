// Escapes a client's data for a log: the result is printable ASCII, so it can't begin a new line,
// end a quoted field or move a terminal's cursor.
#pragma once

#include <cstddef>
#include <string_view>

#include "server/access_log/line.h"

namespace sioserve::access_log {

// For lines of text: a backslash before '"' and '\', every other byte that is not printable ASCII
// as \xHH.
void append_escaped(std::string_view value, Line& line);
// The same into memory for `longest_escaped` bytes for each of `value`; returns the end.
inline constexpr std::size_t longest_escaped = 4;
char* put_escaped(std::string_view value, char* out);

// For JSON: the string with its quotes. Characters beyond ASCII as \uHHHH, bytes that are not UTF-8
// as \ufffd.
void append_json_string(std::string_view value, Line& line);

}  // namespace sioserve::access_log
