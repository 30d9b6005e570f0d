// A certificate with its chain and its private key, from PEM.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/base/result.h"
#include "server/tls/openssl_handles.h"

namespace sioserve::tls {

enum class CertificateError {
  no_certificate,   // the PEM has none
  bad_certificate,  // one of the chain cannot be read
  no_key,           // the PEM has no private key
  wrong_password,   // the key is encrypted, and the password is missing or wrong
  bad_key,
  key_of_another_certificate,
};

// Immutable. Any thread.
struct Certificate {
  X509Ptr leaf;
  ChainPtr chain;  // the certificates between the leaf and a root; may be empty
  KeyPtr key;
  // Host names in lower case, perhaps "*.example.com": those of subjectAltName, or the common name
  // if it has none (RFC 6125).
  std::vector<std::string> names;
  std::string pem;  // of the leaf
};

// `chain_pem`: the certificate first, then its intermediates. `key_pem` may be the same text.
// `password`: empty for a key that is not encrypted.
Result<Certificate, CertificateError> parse_certificate(std::string_view chain_pem,
                                                        std::string_view key_pem,
                                                        const std::string& password);

// Whether it is not valid any more.
bool has_expired(const Certificate& certificate);
// Whether a client that can use one can use the other too: their keys are of the same kind.
bool have_keys_of_one_kind(const Certificate& left, const Certificate& right);
bool expires_before(const Certificate& left, const Certificate& right);

// PEM of one certificate.
std::string to_pem(X509& certificate);

}  // namespace sioserve::tls
