// Why a TLS session has failed.
#pragma once

#include <string_view>

namespace sioserve::tls {

enum class Error {
  unsupported_version,    // the client has no version that the server allows
  no_shared_cipher,       // ... or no cipher, or no signature algorithm
  no_shared_protocol,     // ... or no protocol of ALPN
  no_client_certificate,  // one is required
  client_certificate_invalid,
  rejected_by_client,  // it sent an alert: usually it does not trust the certificate
  malformed,           // the bytes are not TLS, or somebody has changed them
};

// The end of "the handshake failed: ".
std::string_view describe(Error error);

}  // namespace sioserve::tls
