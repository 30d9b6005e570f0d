#include "server/connection/proxy_header.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "server/base/ip_network.h"

namespace sioserve::connection {
namespace {

using Outcome = Result<std::optional<ProxyHeader>, ProxyHeaderError>;

constexpr std::string_view signature_1 = "PROXY ";
constexpr std::string_view signature_2("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t longest_1 = 107;  // bytes, with the line end
constexpr std::size_t fixed_part_2 = 16;
constexpr std::size_t longest_2 = 4'096;  // bytes of addresses and extensions (TLVs)

Outcome more() { return std::optional<ProxyHeader>(); }
Outcome malformed() { return Failure{ProxyHeaderError::malformed}; }

// --- Version 1 ---

std::optional<int> parse_port(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || port < 0 || port > 65'535) return std::nullopt;
  return port;
}

std::string_view take_word(std::string_view& rest) {
  const std::string_view word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(std::min(rest.size(), word.size() + 1));
  return word;
}

std::optional<ProxyHeader::Ends> parse_ends(std::string_view family, std::string_view rest) {
  const auto client = IpAddress::parse(take_word(rest));
  const auto server = IpAddress::parse(take_word(rest));
  const auto client_port = parse_port(take_word(rest));
  const auto server_port = parse_port(rest);
  if (!client || !server || !client_port || !server_port) return std::nullopt;
  if (family == "TCP4" && (!client->is_ipv4() || !server->is_ipv4())) return std::nullopt;
  return ProxyHeader::Ends{{client->to_string(), *client_port},
                           {server->to_string(), *server_port}};
}

Outcome parse_1(std::string_view input) {
  const std::size_t end = input.substr(0, longest_1).find("\r\n");
  if (end == std::string_view::npos) {
    if (input.size() >= longest_1) return Failure{ProxyHeaderError::too_long};
    return more();
  }
  std::string_view rest = input.substr(signature_1.size(), end - signature_1.size());
  const std::string_view family = take_word(rest);
  ProxyHeader header{end + 2, std::nullopt};
  if (family == "UNKNOWN") return std::optional(std::move(header));
  if (family != "TCP4" && family != "TCP6") return malformed();
  header.ends = parse_ends(family, rest);
  if (!header.ends) return malformed();
  return std::optional(std::move(header));
}

// --- Version 2 ---

unsigned byte_at(std::string_view bytes, std::size_t i) {
  return static_cast<unsigned char>(bytes[i]);
}

int number_at(std::string_view bytes, std::size_t i) {
  return static_cast<int>(byte_at(bytes, i) << 8 | byte_at(bytes, i + 1));
}

std::string host_of(int family, std::string_view bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(family, bytes.data(), text.data(), text.size());
  // IPv4-mapped IPv6 addresses become IPv4 addresses.
  return IpAddress::parse(text.data())->to_string();
}

Outcome parse_ip_2(ProxyHeader header, std::string_view body, int family) {
  const std::size_t width = family == AF_INET ? 4 : 16;
  if (body.size() < 2 * width + 4) return malformed();
  header.ends = {{host_of(family, body.substr(0, width)), number_at(body, 2 * width)},
                 {host_of(family, body.substr(width, width)), number_at(body, 2 * width + 2)}};
  return std::optional(std::move(header));
}

Outcome parse_2(std::string_view input) {
  if (input.size() < fixed_part_2) return more();
  constexpr unsigned local = 0x20, proxy = 0x21;
  const unsigned command = byte_at(input, 12);
  if (command != local && command != proxy) return malformed();
  const auto length = static_cast<std::size_t>(number_at(input, 14));
  if (length > longest_2) return Failure{ProxyHeaderError::too_long};
  if (input.size() < fixed_part_2 + length) return more();
  const std::string_view body = input.substr(fixed_part_2, length);
  ProxyHeader header{fixed_part_2 + length, std::nullopt};
  if (command == local) return std::optional(std::move(header));
  constexpr unsigned tcp4 = 0x11, tcp6 = 0x21, unix_stream = 0x31;
  constexpr std::size_t unix_addresses = 216;
  switch (byte_at(input, 13)) {
    case tcp4:
      return parse_ip_2(std::move(header), body, AF_INET);
    case tcp6:
      return parse_ip_2(std::move(header), body, AF_INET6);
    case unix_stream:
      if (body.size() < unix_addresses) return malformed();
      header.ends.emplace();
      return std::optional(std::move(header));
    default:  // AF_UNSPEC, or a protocol that is not a stream
      return std::optional(std::move(header));
  }
}

bool begins_like(std::string_view input, std::string_view signature) {
  return input.substr(0, signature.size()) == signature.substr(0, input.size());
}

}  // namespace

Outcome parse_proxy_header(std::string_view input) {
  if (input.starts_with(signature_1)) return parse_1(input);
  if (input.starts_with(signature_2)) return parse_2(input);
  if (begins_like(input, signature_1) || begins_like(input, signature_2)) return more();
  return malformed();
}

}  // namespace sioserve::connection
