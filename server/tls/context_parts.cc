#include "server/tls/context_parts.h"

#include <openssl/err.h>

#include "server/tls/pem.h"

namespace sioserve::tls {

std::string last_reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_error());
  ERR_clear_error();
  return reason == nullptr ? "unknown error" : reason;
}

Result<SslContextPtr, std::string> new_context(const SSL_METHOD* method) {
  ERR_clear_error();
  SslContextPtr context(SSL_CTX_new(method));
  if (!context) return Failure{"OpenSSL can't be used: " + last_reason()};
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // An idle session keeps no buffers.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  return context;
}

Result<std::monostate, std::string> trust(SSL_CTX& context, const std::string& pem) {
  const auto authorities = certificates_in(pem);
  if (!authorities) {
    return Failure{"certificate " + std::to_string(authorities.error()) +
                   " in the file of certificate authorities cannot be read"};
  }
  if (authorities->empty())
    return Failure{std::string("the file of certificate authorities has no certificate (PEM)")};
  for (const X509Ptr& authority : *authorities) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(&context), authority.get()) != 1) {
      return Failure{"a certificate can't be used: " + last_reason()};
    }
  }
  return std::monostate{};
}

Result<std::monostate, std::string> use(SSL_CTX& context, const Certificate& own) {
  if (SSL_CTX_use_cert_and_key(&context, own.leaf.get(), own.key.get(), own.chain.get(), 1) == 1) {
    return std::monostate{};
  }
  return Failure{"this server's certificate can't be used: " + last_reason()};
}

}  // namespace sioserve::tls
