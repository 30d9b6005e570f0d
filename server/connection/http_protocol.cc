#include "server/connection/http_protocol.h"

#include <utility>

#include "server/connection/http1_session.h"
#include "server/connection/preface_session.h"

namespace sioserve::connection {

std::unique_ptr<Protocol> make_http_protocol(Connection& connection, std::string input) {
  if (connection.context().config.http2.cleartext) {
    return std::make_unique<PrefaceSession>(connection, std::move(input));
  }
  return std::make_unique<Http1Session>(connection, std::move(input));
}

}  // namespace sioserve::connection
