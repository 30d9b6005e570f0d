#include "server/base/base64.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstddef>

namespace sioserve {
namespace {

const unsigned char* as_unsigned(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

unsigned char* as_unsigned(std::string& bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

bool is_base64_digit(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '/';
}

}  // namespace

std::string base64_encode(std::string_view bytes) {
  // libcrypto also writes a terminating zero.
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  EVP_EncodeBlock(as_unsigned(text), as_unsigned(bytes), static_cast<int>(bytes.size()));
  text.pop_back();
  return text;
}

std::optional<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  if (text.ends_with("==")) {
    padding = 2;
  } else if (text.ends_with('=')) {
    padding = 1;
  }
  // libcrypto skips white space and takes padding anywhere; neither belongs here.
  const std::string_view digits = text.substr(0, text.size() - padding);
  if (!std::all_of(digits.begin(), digits.end(), is_base64_digit)) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  if (EVP_DecodeBlock(as_unsigned(bytes), as_unsigned(text), static_cast<int>(text.size())) < 0) {
    return std::nullopt;
  }
  bytes.resize(bytes.size() - padding);
  return bytes;
}

std::optional<std::string> base64_decode_any(std::string_view text) {
  if (auto bytes = base64_decode(text)) return bytes;
  std::string canonical;
  canonical.reserve(text.size() + 3);
  for (const char c : text) {
    switch (c) {
      case ' ':
      case '\t':
      case '\r':
      case '\n':
        break;
      case '-':
        canonical += '+';
        break;
      case '_':
        canonical += '/';
        break;
      default:
        canonical += c;
    }
  }
  const std::size_t missing = (4 - canonical.size() % 4) % 4;
  if (missing < 3) canonical.append(missing, '=');
  return base64_decode(canonical);
}

}  // namespace sioserve
