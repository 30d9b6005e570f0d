// What the contexts of both sides have in common.
#pragma once

#include <string>
#include <variant>

#include "server/base/result.h"
#include "server/tls/certificate.h"
#include "server/tls/openssl_handles.h"

namespace sioserve::tls {

// Mozilla's intermediate recommendation for TLS 1.2: ephemeral keys, authenticated encryption.
inline constexpr const char* recommended_ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

// OpenSSL's words for the error that it has reported first; forgets all of them.
std::string last_reason();

// For TLS_server_method() or TLS_client_method(): no renegotiation, no compression, no cache of
// sessions. The error is the end of a sentence about TLS.
Result<SslContextPtr, std::string> new_context(const SSL_METHOD* method);

// Those in `pem` may have signed the peer's certificate. The error is the end of a sentence.
Result<std::monostate, std::string> trust(SSL_CTX& context, const std::string& pem);
// The certificate that the peer gets. The error is the end of a sentence.
Result<std::monostate, std::string> use(SSL_CTX& context, const Certificate& own);

}  // namespace sioserve::tls
