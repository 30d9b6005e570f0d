#include "server/access_log/escape.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "server/base/utf8.h"

namespace sioserve::access_log {
namespace {

constexpr char hex[] = "0123456789abcdef";

constexpr std::array<bool, 256> plain = [] {
  std::array<bool, 256> found{};
  for (std::size_t c = 0x20; c < 0x7f; ++c) found[c] = c != '"' && c != '\\';
  return found;
}();

constexpr std::uint64_t each(std::uint64_t byte) { return byte * 0x0101010101010101U; }

// Whether eight bytes are plain. "No" may be wrong only if one of them is not.
bool are_plain(std::uint64_t bytes) {
  const auto has_zero = [](std::uint64_t word) { return (word - each(1)) & ~word; };
  const std::uint64_t low = (bytes - each(0x20)) & ~bytes;
  const std::uint64_t high = (bytes + each(1)) | bytes;
  const std::uint64_t quoted = has_zero(bytes ^ each('"')) | has_zero(bytes ^ each('\\'));
  return ((low | high | quoted) & each(0x80)) == 0;
}

// Moves the plain bytes at the start of `value` to `out`. Returns the end of what it has written.
char* take_plain(std::string_view& value, char* out) {
  std::size_t count = 0;
  const std::size_t first = std::min<std::size_t>(value.size(), 12);  // few: cheaper one by one
  while (count < first && plain[static_cast<unsigned char>(value[count])]) {
    out[count] = value[count];
    ++count;
  }
  if (count == value.size()) {
    value = {};
    return out + count;
  }
  for (std::uint64_t bytes = 0; value.size() - count >= sizeof(bytes); count += sizeof(bytes)) {
    std::memcpy(&bytes, value.data() + count, sizeof(bytes));
    if (!are_plain(bytes)) break;
    std::memcpy(out + count, &bytes, sizeof(bytes));
  }
  for (; count < value.size() && plain[static_cast<unsigned char>(value[count])]; ++count) {
    out[count] = value[count];
  }
  value.remove_prefix(count);
  return out + count;
}

char* put_u(std::uint32_t unit, char* out) {
  *out++ = '\\';
  *out++ = 'u';
  for (int shift = 12; shift >= 0; shift -= 4) *out++ = hex[(unit >> shift) & 15];
  return out;
}

char* put_code_point(std::uint32_t point, char* out) {
  if (point < 0x10000) return put_u(point, out);
  out = put_u(0xd800 + ((point - 0x10000) >> 10), out);
  return put_u(0xdc00 + ((point - 0x10000) & 0x3ff), out);
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

char* put_escaped(std::string_view value, char* out) {
  while (true) {
    out = take_plain(value, out);
    if (value.empty()) return out;
    const auto c = static_cast<unsigned char>(value.front());
    *out++ = '\\';
    if (c == '"' || c == '\\') {
      *out++ = value.front();
    } else {
      *out++ = 'x';
      *out++ = hex[c >> 4];
      *out++ = hex[c & 15];
    }
    value.remove_prefix(1);
  }
}

void append_escaped(std::string_view value, Line& line) {
  line.end(put_escaped(value, line.room(longest_escaped * value.size())));
}

void append_json_string(std::string_view value, Line& line) {
  // Four bytes of UTF-8 may become a pair of \uXXXX, and each invalid byte becomes one.
  char* out = line.room(6 * value.size() + 2);
  *out++ = '"';
  while (true) {
    out = take_plain(value, out);
    if (value.empty()) break;
    if (value.front() == '"' || value.front() == '\\') {
      *out++ = '\\';
      *out++ = value.front();
      value.remove_prefix(1);
    } else {
      out = put_code_point(take_code_point(value), out);
    }
  }
  *out++ = '"';
  line.end(out);
}

}  // namespace sioserve::access_log
