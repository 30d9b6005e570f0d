// Which protocol a connection's client speaks first.
#pragma once

#include <memory>
#include <string>

#include "server/connection/protocol.h"

namespace sioserve::connection {

class Connection;

// `input`: bytes of the client that have already arrived, behind the header of a proxy.
std::unique_ptr<Protocol> client_protocol(Connection& connection, std::string input = {});

}  // namespace sioserve::connection
