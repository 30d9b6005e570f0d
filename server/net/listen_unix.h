// Listening on a Unix socket.
#pragma once

#include <sys/types.h>

#include <string>

#include "server/base/result.h"
#include "server/net/listening_socket.h"

namespace sioserve::net {

// The socket's file has the permissions `mode` whatever the umask, and nobody can connect before it
// has them. A socket that a dead server has left behind is replaced; one that a server listens on,
// and anything that is no socket, stays untouched. The error is a sentence for the user.
Result<ListeningSocket, std::string> listen_unix(const std::string& path, mode_t mode, int backlog);

}  // namespace sioserve::net
