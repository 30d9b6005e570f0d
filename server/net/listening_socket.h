// Listening sockets, opened before the loop exists, on any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/file_descriptor.h"
#include "server/base/http_values.h"
#include "server/base/result.h"
#include "server/net/socket_file.h"

namespace sioserve::net {

struct ListeningSocket {
  FileDescriptor fd;
  Address address;          // as bound; the real port if port 0 was requested
  std::string unix_path{};  // for a Unix socket; then `address` is empty
  SocketFile file{};        // of a Unix socket that this server created
};

// Listens on every address of `host`: a literal (IPv6 with or without brackets) or a name; empty
// means all interfaces. With port 0, all of them get the same free port. The error is a sentence
// for the user.
Result<std::vector<ListeningSocket>, std::string> listen_tcp(const std::string& host,
                                                             std::uint16_t port, int backlog);

// "127.0.0.1:8000" or "[::1]:8000".
std::string to_string(const Address& address);
// "http://127.0.0.1:8000" with the scheme "http", or "unix:/run/app.sock".
std::string to_url(const ListeningSocket& socket, std::string_view scheme);

}  // namespace sioserve::net
