// The content of JSON strings, between the quotation marks.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace sioserve::parser {

// The number of bytes at the start of `text` before a quotation mark, a backslash or a control
// character. `bits` gets all bits of these bytes. Reads eight bytes at a time, because long texts
// are read twice.
inline std::size_t plain_length(std::string_view text, std::uint64_t& bits) {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t tops = 0x8080808080808080;
  std::size_t length = 0;
  if constexpr (std::endian::native == std::endian::little) {
    for (; text.size() - length >= sizeof(std::uint64_t); length += sizeof(std::uint64_t)) {
      std::uint64_t word;
      std::memcpy(&word, text.data() + length, sizeof word);
      // Sets the top bit of each byte that is below `value`. In bytes after such a byte, the bit
      // may be wrong; only the first one is used.
      const auto below = [](std::uint64_t bytes, std::uint64_t value) {
        return (bytes - value * ones) & ~bytes & tops;
      };
      const std::uint64_t found =
          below(word, 0x20) | below(word ^ ('"' * ones), 1) | below(word ^ ('\\' * ones), 1);
      if (found != 0) {
        const auto before = static_cast<std::size_t>(std::countr_zero(found)) / 8;
        bits |= word & ((std::uint64_t{1} << (8 * before)) - 1);
        return length + before;
      }
      bits |= word;
    }
  }
  for (; length < text.size(); ++length) {
    const auto byte = static_cast<unsigned char>(text[length]);
    if (byte < 0x20 || byte == '"' || byte == '\\') break;
    bits |= byte;
  }
  return length;
}

// Sets `text` to the unescaped content of a string; in `raw`, a character follows each backslash.
// False: an escape is malformed. A lone surrogate becomes U+FFFD.
bool unescape(std::string_view raw, std::string& text);

}  // namespace sioserve::parser
