#include "server/base/field_syntax.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace sioserve {
namespace {

constexpr std::array<bool, 256> token_table() {
  std::array<bool, 256> table{};
  for (char c = '0'; c <= '9'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c = 'a'; c <= 'z'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c = 'A'; c <= 'Z'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
  return table;
}

constexpr std::array<bool, 256> token_characters = token_table();

constexpr std::array<bool, 256> field_value_table() {
  std::array<bool, 256> table{};
  for (std::size_t byte = 0x20; byte < table.size(); ++byte) table[byte] = byte != 0x7f;
  table['\t'] = true;
  return table;
}

constexpr std::array<bool, 256> field_value_characters = field_value_table();

template <typename Visit>
void visit_list(std::string_view value, Visit visit) {
  while (!value.empty()) {
    const std::size_t comma = value.find(',');
    const std::string_view member = trim(value.substr(0, comma));
    if (!member.empty()) visit(member);
    if (comma == std::string_view::npos) return;
    value.remove_prefix(comma + 1);
  }
}

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return token_characters[static_cast<unsigned char>(c)];
  });
}

bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return field_value_characters[static_cast<unsigned char>(c)]; });
}

bool equals_ignoring_case(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  if (left == right) return true;  // mostly: both are in lower case
  return std::equal(left.begin(), left.end(), right.begin(),
                    [](char a, char b) { return to_lower(a) == to_lower(b); });
}

std::string_view trim(std::string_view text) {
  const auto is_white = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_white(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_white(text.back())) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> split_list(std::string_view value) {
  std::vector<std::string_view> members;
  visit_list(value, [&](std::string_view member) { members.push_back(member); });
  return members;
}

bool list_contains(std::string_view value, std::string_view member) {
  bool found = false;
  visit_list(value, [&](std::string_view candidate) {
    found = found || equals_ignoring_case(candidate, member);
  });
  return found;
}

}  // namespace sioserve
