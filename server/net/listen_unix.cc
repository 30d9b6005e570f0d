#include "server/net/listen_unix.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <optional>
#include <system_error>
#include <utility>

namespace sioserve::net {
namespace {

struct UnixAddress {
  sockaddr_un socket{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&socket); }
};

std::optional<UnixAddress> to_unix_address(const std::string& path) {
  UnixAddress address;
  address.socket.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.socket.sun_path)) return std::nullopt;
  path.copy(address.socket.sun_path, path.size());
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return address;
}

FileDescriptor make_socket() {
  return FileDescriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

Failure<std::string> failure(const std::string& path, int error) {
  if (error == ENOENT) return {"cannot listen on " + path + ": there is no such folder"};
  if (error == EACCES || error == EPERM) return {"no permission to listen on " + path};
  return {"cannot listen on " + path + ": " + std::generic_category().message(error)};
}

// Removes the socket file of a server that has ended. Returns the reason if that is not allowed.
std::optional<std::string> remove_stale_socket(const std::string& path,
                                               const UnixAddress& address) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return std::nullopt;  // bind() reports other errors
  if (!S_ISSOCK(status.st_mode)) {
    return path + " exists and is not a socket; it is left as it is";
  }
  const FileDescriptor probe = make_socket();
  if (::connect(probe.get(), address.get(), address.size) == 0 || errno == EAGAIN) {
    return "a server is already listening on " + path;
  }
  if (errno != ECONNREFUSED) {
    return "cannot find out whether a server is listening on " + path + ": " +
           std::generic_category().message(errno);
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failure(path, errno).error;
  return std::nullopt;
}

}  // namespace

Result<ListeningSocket, std::string> listen_unix(const std::string& path, mode_t mode,
                                                 int backlog) {
  const auto address = to_unix_address(path);
  if (!address) {
    return Failure{"\"" + path + "\" cannot be the path of a Unix socket: it must have 1 to " +
                   std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " bytes"};
  }
  if (const auto refusal = remove_stale_socket(path, *address)) return Failure{*refusal};
  FileDescriptor fd = make_socket();
  if (fd.get() < 0) return failure(path, errno);
  if (::bind(fd.get(), address->get(), address->size) != 0) {
    // Another server created the file after the check.
    if (errno == EADDRINUSE) return Failure{"a server is already listening on " + path};
    return failure(path, errno);
  }
  SocketFile file(path);
  // The permissions are set before listen(): until then every connection is refused.
  if (::chmod(path.c_str(), mode) != 0) return failure(path, errno);
  if (::listen(fd.get(), backlog) != 0) return failure(path, errno);
  return ListeningSocket{std::move(fd), Address{}, path, std::move(file)};
}

}  // namespace sioserve::net
