// Which version of HTTP a connection begins with.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "server/connection/connection.h"
#include "server/connection/protocol.h"

namespace sioserve::connection {

// Without TLS. `input`: bytes that have already arrived, from the first one of HTTP on.
std::unique_ptr<Protocol> make_http_protocol(Connection& connection, std::string input = {});

}  // namespace sioserve::connection
