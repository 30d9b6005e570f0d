// Listening on a socket that another program has made and left to this one: systemd, a supervisor,
// a reloading parent.
#pragma once

#include <string>

#include "server/base/result.h"
#include "server/net/listening_socket.h"

namespace sioserve::net {

// `fd` must be a TCP or Unix stream socket that listens. It stays the caller's: the result holds a
// duplicate, and the file of a Unix socket is not removed. The error is a sentence for the user.
Result<ListeningSocket, std::string> listen_fd(int fd);

}  // namespace sioserve::net
