#include "server/connection/refusal.h"

#include <string>
#include <utility>

namespace sioserve::connection {
namespace {

// The client chooses the path, so its part in a log line is limited.
constexpr std::size_t max_shown = 256;

}  // namespace

std::string shown(const Address& client) {
  return client.host.empty() ? "a client" : client.host + ":" + std::to_string(client.port);
}

void log_refusal(const Logger& logger, const Address& client, const RequestHead& head,
                 std::optional<std::uint16_t> status, std::string_view reason) {
  if (!logger.enabled(LogCategory::server, LogLevel::warning)) return;
  std::string line = status ? "Refused a request of " : "Cut the response to ";
  line += shown(client);
  if (!head.method.empty()) {
    line += " (" + head.method;
    if (!head.raw_path.empty()) line += " " + head.raw_path.substr(0, max_shown);
    if (head.raw_path.size() > max_shown) line += "...";
    line += ")";
  }
  if (status) line += " with " + std::to_string(*status);
  line += ": ";
  line += reason;
  logger.log(LogCategory::server, LogLevel::warning, std::move(line), head.request_id);
}

}  // namespace sioserve::connection
