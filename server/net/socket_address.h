// From the kernel's socket addresses to ours.
#pragma once

#include <sys/socket.h>

#include "server/base/http_values.h"

namespace sioserve::net {

// Numeric. Empty host for anything but IPv4 and IPv6; an IPv4 client of a dual-stack socket appears
// as IPv4.
Address to_address(const sockaddr_storage& storage);

// Of the socket's own end.
Address local_address(int socket);

}  // namespace sioserve::net
