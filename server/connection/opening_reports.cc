#include "server/connection/opening_reports.h"

#include <string>

#include "server/connection/shown.h"

namespace sioserve::connection {
namespace {

std::string line_of(OpeningFailure kind, const Address& client, std::string_view reason) {
  const std::string end = ": " + std::string(reason);
  switch (kind) {
    case OpeningFailure::tls:
      return "No TLS with " + shown(client) + end;
    case OpeningFailure::proxy_header:  // its port is that of the proxy
      return "Closed a connection of " + (client.host.empty() ? "a client" : client.host) + end +
             " (--proxy-protocol; docs/deployment.md#haproxy-and-other-tcp-proxies)";
  }
  __builtin_unreachable();
}

}  // namespace

OpeningReports::OpeningReports(const Logger& logger)
    : tls_(logger, LogLevel::info, "failed TLS handshakes"),
      proxy_headers_(logger, LogLevel::warning,
                     "connections closed because of the PROXY protocol") {}

LimitedLines& OpeningReports::lines_of(OpeningFailure kind) {
  switch (kind) {
    case OpeningFailure::tls:
      return tls_;
    case OpeningFailure::proxy_header:
      return proxy_headers_;
  }
  __builtin_unreachable();
}

void OpeningReports::failed(OpeningFailure kind, const Address& client, std::string_view reason,
                            TimePoint now) {
  LimitedLines& lines = lines_of(kind);
  if (lines.admit(now)) lines.log(line_of(kind, client, reason));
}

void OpeningReports::sweep(TimePoint now) {
  tls_.sweep(now);
  proxy_headers_.sweep(now);
}

}  // namespace sioserve::connection
