// The header of the PROXY protocol. A result for some bytes does not change if more bytes follow.
#include "server/connection/proxy_header.h"

#include <string>

#include "server/base/ip_network.h"
#include "tests/fuzz/target.h"

namespace sioserve::fuzz {
namespace {

using connection::parse_proxy_header;
using connection::ProxyHeader;

std::string text_of(const Address& address) {
  return address.host + ' ' + std::to_string(address.port);
}

// Empty: more bytes are needed.
std::string outcome_of(std::string_view input) {
  const auto header = parse_proxy_header(input);
  if (!header) return "error " + std::to_string(static_cast<int>(header.error()));
  if (!*header) return "";
  require((*header)->size <= input.size(), "a header is no longer than the input");
  std::string text = std::to_string((*header)->size);
  if (const auto& ends = (*header)->ends) {
    text += ' ' + text_of(ends->client) + ' ' + text_of(ends->server);
  }
  return text;
}

void check(const ProxyHeader::Ends& ends) {
  if (ends.client.host.empty()) return;  // the client of a Unix socket
  const auto client = IpAddress::parse(ends.client.host);
  const auto server = IpAddress::parse(ends.server.host);
  require(client && server, "both ends are addresses");
  const std::string line = "PROXY TCP6 " + ends.client.host + ' ' + ends.server.host + ' ' +
                           std::to_string(ends.client.port) + ' ' +
                           std::to_string(ends.server.port) + "\r\n";
  const auto again = parse_proxy_header(line);
  require(again && *again && (*again)->size == line.size(),
          "a packet that was read can be written");
  require(text_of((*again)->ends->client) == text_of(ends.client), "the client does not change");
  require(text_of((*again)->ends->server) == text_of(ends.server), "the server does not change");
}

}  // namespace

void fuzz(std::string_view input) {
  const std::string outcome = outcome_of(input);
  for (std::size_t size = 0; size < input.size(); ++size) {
    const std::string early = outcome_of(input.substr(0, size));
    require(early.empty() || early == outcome, "more bytes do not change the result");
  }
  const auto header = parse_proxy_header(input);
  if (header && *header && (*header)->ends) check(*(*header)->ends);
}

}  // namespace sioserve::fuzz
