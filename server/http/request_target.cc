#include "server/http/request_target.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <utility>

#include "server/base/field_syntax.h"

namespace sioserve::http {
namespace {

bool is_target_character(char c) { return c > ' ' && c <= '~' && c != '#'; }

void split_origin_form(std::string_view target, RequestHead& head) {
  const std::size_t question_mark = target.find('?');
  head.raw_path = target.substr(0, question_mark);
  head.query_string =
      question_mark == std::string_view::npos ? "" : target.substr(question_mark + 1);
  if (head.raw_path.find('%') == std::string::npos) {
    head.path = head.raw_path;
  } else {
    head.path = percent_decode(head.raw_path, PlusSign::literal);
  }
}

void replace_host(std::string_view authority, RequestHead& head) {
  HeaderBlock headers;
  bool replaced = false;
  for (const HeaderView& header : head.headers) {
    const bool names_host = header.name == "host";
    headers.add(header.name, names_host ? authority : header.value);
    replaced = replaced || names_host;
  }
  if (!replaced) headers.add("host", authority);
  head.headers = std::move(headers);
}

// The reg-name of RFC 3986, which includes IPv4 addresses.
constexpr std::array<bool, 256> name_table() {
  std::array<bool, 256> table{};
  for (char c = '0'; c <= '9'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c = 'a'; c <= 'z'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c = 'A'; c <= 'Z'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c : std::string_view("-._~%!$&'()*+,;=")) table[static_cast<unsigned char>(c)] = true;
  return table;
}

constexpr std::array<bool, 256> name_characters = name_table();

bool is_name_character(char c) { return name_characters[static_cast<unsigned char>(c)]; }

bool is_address_character(char c) { return is_name_character(c) || c == ':'; }

TargetForm split_absolute_form(std::string_view target, RequestHead& head) {
  const std::size_t scheme_end = target.find("://");
  if (scheme_end == std::string_view::npos) return TargetForm::invalid;
  const std::string_view scheme = target.substr(0, scheme_end);
  if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) {
    return TargetForm::invalid;
  }
  target.remove_prefix(scheme_end + 3);
  const std::size_t authority_end = std::min(target.find_first_of("/?"), target.size());
  const std::string_view authority = target.substr(0, authority_end);
  if (authority.empty() || !is_host(authority)) return TargetForm::invalid;
  replace_host(authority, head);
  target.remove_prefix(authority_end);
  if (target.starts_with('/')) {
    split_origin_form(target, head);
  } else {
    std::string with_path = "/";
    with_path += target;
    split_origin_form(with_path, head);
  }
  return TargetForm::valid;
}

}  // namespace

TargetForm split_target(std::string_view target, RequestHead& head) {
  if (!std::all_of(target.begin(), target.end(), is_target_character)) return TargetForm::invalid;
  if (target.starts_with('/')) {
    split_origin_form(target, head);
    return TargetForm::valid;
  }
  if (target == "*" && head.method == "OPTIONS") {
    split_origin_form(target, head);
    return TargetForm::valid;
  }
  return split_absolute_form(target, head);
}

bool is_host(std::string_view text) {
  std::string_view rest;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || end == 1) return false;
    const std::string_view address = text.substr(1, end - 1);
    if (!std::all_of(address.begin(), address.end(), is_address_character)) return false;
    rest = text.substr(end + 1);
  } else {
    const std::size_t end = std::min(text.find(':'), text.size());
    const std::string_view name = text.substr(0, end);
    if (!std::all_of(name.begin(), name.end(), is_name_character)) return false;
    if (name.empty() && end != text.size()) return false;
    rest = text.substr(end);
  }
  if (rest.empty()) return true;
  if (!rest.starts_with(':')) return false;
  rest.remove_prefix(1);
  return std::all_of(rest.begin(), rest.end(), is_digit);
}

}  // namespace sioserve::http
