#include "server/base/random_id.h"

#include <openssl/rand.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "server/base/base64.h"

namespace sioserve {

std::string random_id() {
  unsigned char bytes[15];
  // Without randomness a sid could be guessed, so the server must not continue.
  if (RAND_bytes(bytes, sizeof bytes) != 1) std::abort();
  std::string id =
      base64_encode(std::string_view(reinterpret_cast<const char*>(bytes), sizeof bytes));
  std::replace(id.begin(), id.end(), '+', '-');
  std::replace(id.begin(), id.end(), '/', '_');
  return id;
}

std::string random_hex(std::size_t digits) {
  std::string hex;
  while (hex.size() < digits) {
    // Each character has six random bits, of which four are used.
    for (const char character : random_id()) {
      hex += "0123456789abcdef"[static_cast<unsigned char>(character) & 0x0f];
    }
  }
  hex.resize(digits);
  return hex;
}

}  // namespace sioserve
