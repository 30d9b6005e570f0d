// How log lines name clients.
#pragma once

#include <string>

#include "server/base/http_values.h"

namespace sioserve::connection {

// Its address and port.
std::string shown(const Address& client);

}  // namespace sioserve::connection
