#include "server/net/listening_socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

#include "server/net/socket_address.h"

namespace sioserve::net {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using AddressList = std::unique_ptr<addrinfo, FreeAddresses>;

// If a name has addresses of several families, each IPv6 socket accepts only IPv6.
enum class Families { one, several };

std::string without_brackets(const std::string& host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    return host.substr(1, host.size() - 2);
  }
  return host;
}

Result<AddressList, std::string> resolve(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  const std::string name = without_brackets(host);
  addrinfo* list = nullptr;
  const int error = getaddrinfo(name.empty() ? nullptr : name.c_str(), std::to_string(port).c_str(),
                                &hints, &list);
  if (error != 0) {
    return Failure{"cannot find an address for host \"" + host + "\": " + gai_strerror(error)};
  }
  return AddressList(list);
}

Failure<std::string> failure(const addrinfo& address, int error) {
  sockaddr_storage storage{};
  std::copy_n(reinterpret_cast<const char*>(address.ai_addr), address.ai_addrlen,
              reinterpret_cast<char*>(&storage));
  const std::string text = to_string(to_address(storage));
  if (error == EADDRINUSE) return {"address " + text + " is already in use"};
  if (error == EADDRNOTAVAIL) return {"address " + text + " does not belong to this machine"};
  if (error == EACCES) return {"no permission to listen on " + text};
  return {"cannot listen on " + text + ": " + std::generic_category().message(error)};
}

void set_port(addrinfo& address, int port) {
  const auto network_order = htons(static_cast<std::uint16_t>(port));
  if (address.ai_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6*>(address.ai_addr)->sin6_port = network_order;
  } else {
    reinterpret_cast<sockaddr_in*>(address.ai_addr)->sin_port = network_order;
  }
}

// The error is an errno.
Result<ListeningSocket, int> listen_on(const addrinfo& address, int backlog, Families families) {
  FileDescriptor fd(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) return Failure{errno};
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (address.ai_family == AF_INET6) {
    const int only = families == Families::several ? 1 : 0;
    ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
  }
  if (::bind(fd.get(), address.ai_addr, address.ai_addrlen) != 0) return Failure{errno};
  if (::listen(fd.get(), backlog) != 0) return Failure{errno};
  Address bound = local_address(fd.get());
  return ListeningSocket{std::move(fd), std::move(bound), {}, {}};
}

}  // namespace

Result<std::vector<ListeningSocket>, std::string> listen_tcp(const std::string& host,
                                                             std::uint16_t port, int backlog) {
  auto addresses = resolve(host, port);
  if (!addresses) return Failure{addresses.error()};
  addrinfo* first = addresses->get();
  const Families families = first->ai_next == nullptr ? Families::one : Families::several;

  std::vector<ListeningSocket> sockets;
  std::string unusable;  // the error of the last address that this machine does not have
  for (addrinfo* address = first; address != nullptr; address = address->ai_next) {
    if (port == 0 && !sockets.empty()) set_port(*address, sockets.front().address.port);
    auto socket = listen_on(*address, backlog, families);
    if (socket) {
      sockets.push_back(std::move(*socket));
    } else if (socket.error() == EADDRNOTAVAIL || socket.error() == EAFNOSUPPORT) {
      unusable = failure(*address, socket.error()).error;
    } else {
      return failure(*address, socket.error());
    }
  }
  if (sockets.empty()) return Failure{unusable};
  return sockets;
}

std::string to_string(const Address& address) {
  const bool ipv6 = address.host.find(':') != std::string::npos;
  std::string text = ipv6 ? "[" : "";
  text += address.host;
  text += ipv6 ? "]:" : ":";
  text += std::to_string(address.port);
  return text;
}

std::string to_url(const ListeningSocket& socket, std::string_view scheme) {
  if (!socket.unix_path.empty()) return "unix:" + socket.unix_path;
  return std::string(scheme) + "://" + to_string(socket.address);
}

}  // namespace sioserve::net
