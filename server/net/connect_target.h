// What a Connector connects to.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

namespace sioserve::net {

struct TcpTarget {
  std::string host;  // a name or an address
  std::uint16_t port = 0;
};
struct UnixTarget {
  std::string path;  // "@name" for the abstract namespace
};
using ConnectTarget = std::variant<TcpTarget, UnixTarget>;

}  // namespace sioserve::net
