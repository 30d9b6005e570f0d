#include "server/net/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <array>
#include <cstddef>
#include <string_view>

namespace sioserve::net {
namespace {

struct Bound {
  sockaddr_storage storage{};  // AF_UNSPEC if the address is unknown
  socklen_t size = sizeof(sockaddr_storage);
};

Bound bound_address(int socket) {
  Bound bound;
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&bound.storage), &bound.size) != 0) return {};
  return bound;
}

}  // namespace

Address to_address(const sockaddr_storage& storage) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (storage.ss_family == AF_INET) {
    const auto& ipv4 = reinterpret_cast<const sockaddr_in&>(storage);
    inet_ntop(AF_INET, &ipv4.sin_addr, text.data(), text.size());
    return {text.data(), ntohs(ipv4.sin_port)};
  }
  if (storage.ss_family == AF_INET6) {
    const auto& ipv6 = reinterpret_cast<const sockaddr_in6&>(storage);
    if (IN6_IS_ADDR_V4MAPPED(&ipv6.sin6_addr)) {
      inet_ntop(AF_INET, &ipv6.sin6_addr.s6_addr[12], text.data(), text.size());
    } else {
      inet_ntop(AF_INET6, &ipv6.sin6_addr, text.data(), text.size());
    }
    return {text.data(), ntohs(ipv6.sin6_port)};
  }
  return {};
}

Address local_address(int socket) { return to_address(bound_address(socket).storage); }

bool is_unix_socket(int socket) { return bound_address(socket).storage.ss_family == AF_UNIX; }

std::string unix_path(int socket) {
  const Bound bound = bound_address(socket);
  constexpr std::size_t start = offsetof(sockaddr_un, sun_path);
  if (bound.storage.ss_family != AF_UNIX || bound.size <= start) return "";
  const auto& address = reinterpret_cast<const sockaddr_un&>(bound.storage);
  const std::string_view name(address.sun_path, bound.size - start);
  if (name.front() == '\0') return "@" + std::string(name.substr(1));
  return std::string(name.substr(0, name.find('\0')));
}

}  // namespace sioserve::net
