#include "server/connection/shown.h"

namespace sioserve::connection {

std::string shown(const Address& client) {
  return client.host.empty() ? "a client" : client.host + ":" + std::to_string(client.port);
}

}  // namespace sioserve::connection
