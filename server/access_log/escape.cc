#include "server/access_log/escape.h"

#include <cstddef>
#include <cstdint>

#include "server/base/utf8.h"

namespace sioserve::access_log {
namespace {

constexpr char hex[] = "0123456789abcdef";

bool is_plain(unsigned char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

// Appends the plain bytes at the start of `value` and removes them.
void take_plain(std::string_view& value, std::string& out) {
  std::size_t count = 0;
  while (count < value.size() && is_plain(static_cast<unsigned char>(value[count]))) ++count;
  out.append(value.substr(0, count));
  value.remove_prefix(count);
}

void append_u(std::uint32_t unit, std::string& out) {
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += hex[(unit >> shift) & 15];
}

void append_code_point(std::uint32_t point, std::string& out) {
  if (point < 0x10000) return append_u(point, out);
  append_u(0xd800 + ((point - 0x10000) >> 10), out);
  append_u(0xdc00 + ((point - 0x10000) & 0x3ff), out);
}

// Removes the character at the start of `value` and returns it; U+FFFD for an invalid byte.
std::uint32_t take_code_point(std::string_view& value) {
  const auto lead = static_cast<unsigned char>(value.front());
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (value.size() < length || !is_utf8(value.substr(0, length))) {
    value.remove_prefix(1);
    return 0xfffd;
  }
  std::uint32_t point = length == 1 ? lead : lead & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    point = (point << 6) | (static_cast<unsigned char>(value[i]) & 0x3fU);
  }
  value.remove_prefix(length);
  return point;
}

}  // namespace

void append_escaped(std::string_view value, std::string& out) {
  while (true) {
    take_plain(value, out);
    if (value.empty()) return;
    const auto c = static_cast<unsigned char>(value.front());
    out += '\\';
    if (c == '"' || c == '\\') {
      out += value.front();
    } else {
      out += 'x';
      out += hex[c >> 4];
      out += hex[c & 15];
    }
    value.remove_prefix(1);
  }
}

void append_json_string(std::string_view value, std::string& out) {
  out += '"';
  while (true) {
    take_plain(value, out);
    if (value.empty()) break;
    if (value.front() == '"' || value.front() == '\\') {
      out += '\\';
      out += value.front();
      value.remove_prefix(1);
    } else {
      append_code_point(take_code_point(value), out);
    }
  }
  out += '"';
}

}  // namespace sioserve::access_log
