#include "server/tls/peer_failure.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace sioserve::tls {
namespace {

const char* beginning_of(unsigned long code) {
  const int reason = ERR_GET_REASON(code);
  if (ERR_GET_LIB(code) != ERR_LIB_SSL) return "TLS has failed";
  // Alerts of the other server, whose numbers are one byte.
  if (reason > SSL_AD_REASON_OFFSET && reason <= SSL_AD_REASON_OFFSET + 0xFF) {
    return "it refuses the certificate or the TLS of this server";
  }
  switch (reason) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
      return "it does not use TLS, and this server does (--cluster-tls-cert)";
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return "its certificate is not accepted";
    default:
      return "TLS has failed";
  }
}

}  // namespace

std::string describe_peer_failure(const Engine& engine) {
  const std::string& detail = engine.error_detail();
  return beginning_of(engine.error_code()) + (detail.empty() ? "" : ": " + detail);
}

}  // namespace sioserve::tls
