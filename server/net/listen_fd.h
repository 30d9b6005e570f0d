// Listens on a socket that another program has opened: systemd, a supervisor, the parent of
// --reload.
#pragma once

#include <string>

#include "server/base/result.h"
#include "server/net/listening_socket.h"

namespace sioserve::net {

// `fd` must be a listening TCP or Unix stream socket. The caller still owns it: the result has a
// duplicate, and the file of a Unix socket is not removed. The error is a sentence for the user.
Result<ListeningSocket, std::string> listen_fd(int fd);

}  // namespace sioserve::net
