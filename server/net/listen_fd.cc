#include "server/net/listen_fd.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

#include "server/net/socket_address.h"

namespace sioserve::net {
namespace {

// The value of a socket option; nullopt with errno set.
std::optional<int> option(int fd, int name) {
  int value = 0;
  socklen_t size = sizeof(value);
  if (::getsockopt(fd, SOL_SOCKET, name, &value, &size) != 0) return std::nullopt;
  return value;
}

// The reason why `fd` can't be used as a listening socket.
std::optional<std::string> objection(int fd) {
  const auto type = option(fd, SO_TYPE);
  if (!type && errno == EBADF) return "is not open";
  if (!type) return "is not a socket";
  const auto domain = option(fd, SO_DOMAIN);
  const bool known = domain == AF_INET || domain == AF_INET6 || domain == AF_UNIX;
  if (type != SOCK_STREAM || !known) return "is not a TCP or Unix stream socket";
  if (option(fd, SO_ACCEPTCONN) != 1) return "is a socket that does not listen";
  return std::nullopt;
}

}  // namespace

Result<ListeningSocket, std::string> listen_fd(int fd) {
  const std::string name = "file descriptor " + std::to_string(fd);
  if (const auto reason = objection(fd)) return Failure{name + " " + *reason};
  FileDescriptor copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (copy.get() < 0) {
    return Failure{name + " cannot be duplicated: " + std::generic_category().message(errno)};
  }
  // Other processes may share the socket and take a connection first, so accept() must not block.
  const int flags = ::fcntl(copy.get(), F_GETFL);
  ::fcntl(copy.get(), F_SETFL, flags | O_NONBLOCK);
  Address address = local_address(copy.get());
  std::string path = unix_path(copy.get());
  return ListeningSocket{std::move(copy), std::move(address), std::move(path), {}};
}

}  // namespace sioserve::net
