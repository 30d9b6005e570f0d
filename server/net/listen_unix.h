// Listening on a Unix socket.
#pragma once

#include <sys/types.h>

#include <string>

#include "server/base/result.h"
#include "server/net/listening_socket.h"

namespace sioserve::net {

// The socket's file has the permissions `mode`, independent of the umask. No client can connect
// before they are set. A stale socket of a dead server is replaced; a socket in use, and any other
// file, is not touched. The error is a sentence for the user.
Result<ListeningSocket, std::string> listen_unix(const std::string& path, mode_t mode, int backlog);

}  // namespace sioserve::net
