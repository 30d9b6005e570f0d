// Converts the kernel's socket addresses to Address.
#pragma once

#include <sys/socket.h>

#include <string>

#include "server/base/http_values.h"

namespace sioserve::net {

// With numeric hosts. The host is empty for address families other than IPv4 and IPv6; an IPv4
// client of a dual-stack socket gets an IPv4 address.
Address to_address(const sockaddr_storage& storage);

// The address of the socket's local end.
Address local_address(int socket);

bool is_unix_socket(int socket);
// The path that a Unix socket is bound to; "@name" for one in the abstract namespace, empty for one
// without a name.
std::string unix_path(int socket);

}  // namespace sioserve::net
