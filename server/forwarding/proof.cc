#include "server/forwarding/proof.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>
#include <cstdlib>

namespace sioserve::forwarding {
namespace {

constexpr std::size_t nonce_bytes = 32;

std::string_view label_of(Role role) {
  switch (role) {
    case Role::caller:
      return "sioserve forwarding, caller\n";
    case Role::answerer:
      return "sioserve forwarding, answerer\n";
  }
  __builtin_unreachable();
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string make_nonce() {
  std::array<unsigned char, nonce_bytes> bytes;
  // A nonce that is used twice would allow a replay.
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) std::abort();
  return {bytes.begin(), bytes.end()};
}

std::string make_proof(std::string_view secret, Role prover, std::string_view caller_nonce,
                       std::string_view answerer_nonce) {
  // The caller's nonce has a fixed size (link.cc checks it), so the parts can't be divided
  // otherwise.
  std::string text(label_of(prover));
  text.append(caller_nonce).append(answerer_nonce);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  if (HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), bytes_of(text),
           text.size(), digest.data(), &size) == nullptr) {
    std::abort();
  }
  return {digest.begin(), digest.begin() + size};
}

bool is_same_proof(std::string_view one, std::string_view other) {
  return one.size() == other.size() && CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

}  // namespace sioserve::forwarding
