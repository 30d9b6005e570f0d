#include "server/http/forwarded.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/base/field_syntax.h"
#include "server/base/trace_context.h"
#include "server/http/forwarded_element.h"

namespace sioserve::http {
namespace {

// One entry of the proxy headers, written by one proxy. Empty: absent.
struct Hop {
  std::string node;
  std::string proto;
  std::string host;
};

// Ordered from the client to this server.
struct Hops {
  std::vector<Hop> list;
  std::optional<int> client_port;  // for entries without a port
  std::optional<int> server_port;
};

constexpr std::size_t max_request_id = 128;

// Log lines contain ids without quotes or escapes.
bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= max_request_id &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return c > ' ' && c < '\x7f' && c != '"' && c != '\'' && c != '\\';
         });
}

std::optional<int> parse_port(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (port < 1 || port > 65'535) return std::nullopt;
  return port;
}

// All members of a list header, from all its lines.
std::vector<std::string_view> members(const HeaderBlock& headers, std::string_view name) {
  std::vector<std::string_view> found;
  for (const HeaderView& header : headers) {
    if (header.name != name) continue;
    for (const std::string_view member : split_list(header.value)) found.push_back(member);
  }
  return found;
}

// If a list is shorter than that of the addresses, its leftmost value is used for the rest.
std::string_view from_right(const std::vector<std::string_view>& list, std::size_t distance) {
  if (list.empty()) return {};
  return list[list.size() - 1 - std::min(distance, list.size() - 1)];
}

Hops read_x_forwarded(const HeaderBlock& headers, const ProxyConfig& config) {
  const auto nodes = members(headers, config.forwarded_for_header);
  const auto protos = members(headers, "x-forwarded-proto");
  const auto hosts = members(headers, "x-forwarded-host");
  Hops hops;
  // The other headers may be present without any address.
  const std::size_t count =
      std::max<std::size_t>(nodes.size(), protos.empty() && hosts.empty() ? 0 : 1);
  for (std::size_t distance = count; distance-- > 0;) {
    hops.list.push_back(
        {std::string(distance < nodes.size() ? from_right(nodes, distance) : std::string_view()),
         std::string(from_right(protos, distance)), std::string(from_right(hosts, distance))});
  }
  hops.client_port = parse_port(from_right(members(headers, config.forwarded_port_header), 0));
  hops.server_port = parse_port(from_right(members(headers, "x-forwarded-port"), 0));
  return hops;
}

Hops read_forwarded(const HeaderBlock& headers) {
  Hops hops;
  for (const HeaderView& header : headers) {
    if (header.name != "forwarded") continue;
    auto elements = parse_forwarded(header.value);
    if (!elements) {
      hops.list.push_back({"unknown", "", ""});
      continue;
    }
    for (ForwardedElement& element : *elements) {
      hops.list.push_back(
          {std::move(element.node), std::move(element.proto), std::move(element.host)});
    }
  }
  return hops;
}

Hops read_hops(const HeaderBlock& headers, const ProxyConfig& config) {
  if (config.forwarded_for_header == "forwarded") return read_forwarded(headers);
  Hops hops = read_x_forwarded(headers, config);
  return hops.list.empty() && !hops.server_port ? read_forwarded(headers) : hops;
}

// The host may be in brackets, and need not be an IP address.
struct HostAndPort {
  std::string_view host;
  std::string_view port;
};

HostAndPort split_port(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return {};
    const std::string_view rest = text.substr(end + 1);
    if (!rest.empty() && rest[0] != ':') return {};
    return {text.substr(1, end - 1), rest.empty() ? rest : rest.substr(1)};
  }
  const std::size_t colon = text.find(':');
  const bool one_colon = colon != std::string_view::npos && colon == text.rfind(':');
  if (!one_colon) return {text, {}};  // no port, or IPv6 without brackets
  return {text.substr(0, colon), text.substr(colon + 1)};
}

bool is_host_name(std::string_view host) {
  return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= '0' && c <= '9') || (to_lower(c) >= 'a' && to_lower(c) <= 'z') || c == '.' ||
           c == '-' || c == '_' || c == ':';
  });
}

void apply_proto(std::string_view proto, Endpoints& endpoints) {
  if (equals_ignoring_case(proto, "https") || equals_ignoring_case(proto, "wss")) {
    endpoints.tls = true;
  } else if (equals_ignoring_case(proto, "http") || equals_ignoring_case(proto, "ws")) {
    endpoints.tls = false;
  }
}

void apply_host(std::string_view text, Endpoints& endpoints) {
  const HostAndPort parts = split_port(text);
  if (!is_host_name(parts.host)) return;
  const int usual_port = endpoints.tls ? 443 : 80;
  endpoints.server = {std::string(parts.host), parse_port(parts.port).value_or(usual_port)};
  endpoints.unix_path.clear();
}

}  // namespace

SharedEndpoints endpoints_behind_proxies(const HeaderBlock& headers, const SharedEndpoints& peers,
                                         const ProxyConfig& config) {
  if (!config.forwarded_headers || !config.trusted.trusts_peer(*peers)) return peers;
  const Hops hops = read_hops(headers, config);
  if (hops.list.empty() && !hops.server_port) return peers;

  Endpoints endpoints = *peers;
  const Hop* last = nullptr;  // written by a trusted proxy
  for (auto hop = hops.list.rbegin(); hop != hops.list.rend(); ++hop) {
    last = &*hop;
    const HostAndPort parts = split_port(hop->node);
    const auto address = IpAddress::parse(parts.host);
    if (!address) break;
    const int port = parse_port(parts.port).value_or(hops.client_port.value_or(0));
    endpoints.client = {address->to_string(), port};
    if (!config.trusted.trusts(*address)) break;
  }
  if (last != nullptr) {
    apply_proto(last->proto, endpoints);
    apply_host(last->host, endpoints);
  }
  if (hops.server_port && endpoints.unix_path.empty()) endpoints.server.port = *hops.server_port;
  return std::make_shared<const Endpoints>(std::move(endpoints));
}

std::optional<std::string_view> request_id_of_proxy(const HeaderBlock& headers,
                                                    const Endpoints& peers,
                                                    const ProxyConfig& config) {
  if (!config.forwarded_headers) return std::nullopt;
  std::optional<std::string_view> id;
  for (const HeaderView& header : headers) {
    if (header.name != "x-request-id") continue;
    if (id || !is_request_id(header.value)) return std::nullopt;
    id = header.value;
  }
  if (!config.trusted.trusts_peer(peers)) return std::nullopt;
  if (id) return id;
  const auto trace = trace_context_of(headers);
  return trace ? std::optional(trace->trace_id) : std::nullopt;
}

}  // namespace sioserve::http
