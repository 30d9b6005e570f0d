#include "socketio/parser/json_string.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <system_error>

namespace sioserve::parser {
namespace {

constexpr std::uint32_t replacement_character = 0xfffd;

bool is_high_surrogate(std::uint32_t unit) { return unit >= 0xd800 && unit <= 0xdbff; }
bool is_low_surrogate(std::uint32_t unit) { return unit >= 0xdc00 && unit <= 0xdfff; }

void append_utf8(std::string& text, std::uint32_t code_point) {
  const auto append = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (code_point < 0x80) {
    append(code_point);
  } else if (code_point < 0x800) {
    append(0xc0 | code_point >> 6);
    append(0x80 | (code_point & 0x3f));
  } else if (code_point < 0x10000) {
    append(0xe0 | code_point >> 12);
    append(0x80 | (code_point >> 6 & 0x3f));
    append(0x80 | (code_point & 0x3f));
  } else {
    append(0xf0 | code_point >> 18);
    append(0x80 | (code_point >> 12 & 0x3f));
    append(0x80 | (code_point >> 6 & 0x3f));
    append(0x80 | (code_point & 0x3f));
  }
}

// Returned for the \uXXXX at the start of `text` if it is not a code unit.
constexpr std::uint32_t no_code_unit = 0x10000;
std::uint32_t escaped_code_unit(std::string_view text) {
  if (text.size() < 6 || !text.starts_with("\\u")) return no_code_unit;
  std::uint32_t unit = 0;
  const char* const end = text.data() + 6;
  const auto [stop, error] = std::from_chars(text.data() + 2, end, unit, 16);
  return error == std::errc() && stop == end ? unit : no_code_unit;
}

// Returns the length of the escape at the start of `raw`; 0: it is malformed.
std::size_t unescape_one(std::string_view raw, std::string& text) {
  constexpr std::string_view letters = R"("\/bfnrt)";
  constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
  if (raw[1] != 'u') {
    const std::size_t index = letters.find(raw[1]);
    if (index == std::string_view::npos) return 0;
    text += meanings[index];
    return 2;
  }
  const std::uint32_t unit = escaped_code_unit(raw);
  if (unit == no_code_unit) return 0;
  if (is_high_surrogate(unit)) {
    const std::uint32_t next = escaped_code_unit(raw.substr(6));
    if (is_low_surrogate(next)) {
      append_utf8(text, 0x10000 + ((unit - 0xd800) << 10) + (next - 0xdc00));
      return 12;
    }
  }
  const bool lone = is_high_surrogate(unit) || is_low_surrogate(unit);
  append_utf8(text, lone ? replacement_character : unit);
  return 6;
}

}  // namespace

bool unescape(std::string_view raw, std::string& text) {
  text.clear();
  text.reserve(raw.size());
  while (!raw.empty()) {
    const std::size_t plain = std::min(raw.find('\\'), raw.size());
    text += raw.substr(0, plain);
    raw.remove_prefix(plain);
    if (raw.empty()) break;
    const std::size_t length = unescape_one(raw, text);
    if (length == 0) return false;
    raw.remove_prefix(length);
  }
  return true;
}

}  // namespace sioserve::parser
