#include "server/base/utf8.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace sioserve {
namespace {

constexpr std::uint64_t not_ascii = 0x8080'8080'8080'8080;
// Bytes that are looked at together. The compiler has vector instructions for them.
constexpr std::size_t block = 64;

bool is_ascii_block(const char* text) {
  std::uint64_t words[block / sizeof(std::uint64_t)];
  std::memcpy(words, text, sizeof words);
  std::uint64_t all = 0;
  for (const std::uint64_t word : words) all |= word;
  return (all & not_ascii) == 0;
}

// How many of the first eight bytes, before another one, are ASCII.
std::size_t ascii_bytes(const char* text) {
  std::uint64_t word;
  std::memcpy(&word, text, sizeof word);
  const std::uint64_t others = word & not_ascii;
  const int bits = std::endian::native == std::endian::little ? std::countr_zero(others)
                                                              : std::countl_zero(others);
  return static_cast<std::size_t>(bits / 8);
}

}  // namespace

bool is_ascii(std::string_view text) {
  std::size_t i = 0;
  for (; text.size() - i >= block; i += block) {
    if (!is_ascii_block(text.data() + i)) return false;
  }
  unsigned char all = 0;
  for (; i < text.size(); ++i) all |= static_cast<unsigned char>(text[i]);
  return all < 0x80;
}

bool is_utf8(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  std::size_t i = 0;
  std::size_t next_block = 0;  // before here, a block has another character
  while (i < text.size()) {
    const unsigned char lead = byte(i);
    if (lead < 0x80) {
      if (i >= next_block && text.size() - i >= block) {
        next_block = i + block;
        if (is_ascii_block(text.data() + i)) {
          i = next_block;
          continue;
        }
      }
      i += text.size() - i >= 8 ? ascii_bytes(text.data() + i) : 1;
      continue;
    }
    // The second byte's range excludes overlong forms, surrogates and anything past U+10FFFF.
    unsigned char low = 0x80;
    unsigned char high = 0xbf;
    std::size_t length = 0;
    if (lead >= 0xc2 && lead <= 0xdf) {
      length = 2;
    } else if (lead >= 0xe0 && lead <= 0xef) {
      length = 3;
      if (lead == 0xe0) low = 0xa0;
      if (lead == 0xed) high = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      length = 4;
      if (lead == 0xf0) low = 0x90;
      if (lead == 0xf4) high = 0x8f;
    } else {
      return false;
    }
    if (text.size() - i < length) return false;
    if (byte(i + 1) < low || byte(i + 1) > high) return false;
    for (std::size_t k = 2; k < length; ++k) {
      if (byte(i + k) < 0x80 || byte(i + k) > 0xbf) return false;
    }
    i += length;
  }
  return true;
}

}  // namespace sioserve
