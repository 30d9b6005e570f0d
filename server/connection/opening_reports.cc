#include "server/connection/opening_reports.h"

#include <algorithm>
#include <string>

namespace sioserve::connection {
namespace {

LogLevel level_of(OpeningFailure kind) {
  switch (kind) {
    case OpeningFailure::tls:
      return LogLevel::info;
    case OpeningFailure::proxy_header:
      return LogLevel::warning;
  }
  __builtin_unreachable();
}

std::string name_of(OpeningFailure kind) {
  switch (kind) {
    case OpeningFailure::tls:
      return "failed TLS handshakes";
    case OpeningFailure::proxy_header:
      return "connections closed because of the PROXY protocol";
  }
  __builtin_unreachable();
}

std::string line_of(OpeningFailure kind, const Address& client, std::string_view reason) {
  const std::string host = client.host.empty() ? "a client" : client.host;
  const std::string end = ": " + std::string(reason);
  switch (kind) {
    case OpeningFailure::tls: {
      const std::string port = client.host.empty() ? "" : ":" + std::to_string(client.port);
      return "No TLS with " + host + port + end;
    }
    case OpeningFailure::proxy_header:
      return "Closed a connection of " + host + end;
  }
  __builtin_unreachable();
}

}  // namespace

void OpeningReports::failed(OpeningFailure kind, const Address& client, std::string_view reason,
                            TimePoint now) {
  const LogLevel level = level_of(kind);
  if (!logger_.enabled(LogCategory::server, level)) return;
  Lines& lines = lines_[static_cast<std::size_t>(kind)];
  if (take(lines, now)) {
    logger_.log(LogCategory::server, level, line_of(kind, client, reason));
  } else if (lines.omitted.reached(now)) {
    logger_.log(LogCategory::server, level,
                "There are too many " + name_of(kind) +
                    " for the log: from now on it has one of them in a second");
  }
}

bool OpeningReports::take(Lines& lines, TimePoint now) {
  const TimePoint from = std::max(lines.all_at, now);
  if (from - now > (burst - 1) * interval) return false;
  lines.all_at = from + interval;
  return true;
}

void OpeningReports::sweep(TimePoint now) {
  for (const OpeningFailure kind : {OpeningFailure::tls, OpeningFailure::proxy_header}) {
    if (const auto count = lines_[static_cast<std::size_t>(kind)].omitted.take_ended(now)) {
      logger_.log(LogCategory::server, level_of(kind),
                  "The log has all " + name_of(kind) + " again: " + std::to_string(*count) +
                      " of them were left out");
    }
  }
}

bool OpeningReports::quiet() const {
  return std::ranges::none_of(lines_, [](const Lines& lines) { return lines.omitted.under_way(); });
}

}  // namespace sioserve::connection
