#include "server/connection/client_protocol.h"

#include <utility>

#include "server/connection/connection.h"
#include "server/connection/http1_session.h"
#include "server/connection/preface_session.h"
#include "server/connection/tls_handshake.h"

namespace sioserve::connection {

std::unique_ptr<Protocol> client_protocol(Connection& connection, std::string input) {
  switch (connection.service()) {
    case Service::https:
      return std::make_unique<TlsHandshake>(connection, std::move(input));
    case Service::http:
      if (connection.context().config.http2.cleartext) {
        return std::make_unique<PrefaceSession>(connection, std::move(input));
      }
      break;
    case Service::redirect:
      break;
  }
  return std::make_unique<Http1Session>(connection, std::move(input));
}

}  // namespace sioserve::connection
