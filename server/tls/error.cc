#include "server/tls/error.h"

namespace sioserve::tls {

std::string_view describe(Error error) {
  switch (error) {
    case Error::unsupported_version:
      return "the client supports no allowed version of TLS";
    case Error::no_shared_cipher:
      return "the client supports no allowed cipher, or no signature of the certificate's kind";
    case Error::no_shared_protocol:
      return "the client does not offer HTTP/1.1 (ALPN)";
    case Error::no_client_certificate:
      return "the client has sent no certificate";
    case Error::client_certificate_invalid:
      return "the client's certificate is not valid";
    case Error::rejected_by_client:
      return "the client has ended it";
    case Error::malformed:
      return "the bytes of the client are not valid TLS";
  }
  __builtin_unreachable();
}

}  // namespace sioserve::tls
