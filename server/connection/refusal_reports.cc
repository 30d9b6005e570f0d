#include "server/connection/refusal_reports.h"

#include <string>
#include <utility>

#include "server/connection/shown.h"

namespace sioserve::connection {
namespace {

// The client chooses the path, so its part in a log line is limited.
constexpr std::size_t max_shown = 256;

std::string line_of(const Address& client, const RequestHead& head,
                    std::optional<std::uint16_t> status, std::string_view reason) {
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
  return line;
}

}  // namespace

RefusalReports::RefusalReports(const Logger& logger)
    : with_4xx_(logger, LogLevel::warning, "requests refused with 4xx"),
      with_5xx_(logger, LogLevel::warning, "requests refused with 5xx"),
      cut_(logger, LogLevel::warning, "responses that were cut") {}

LimitedLines& RefusalReports::lines_for(std::optional<std::uint16_t> status) {
  if (!status) return cut_;
  return *status < 500 ? with_4xx_ : with_5xx_;
}

void RefusalReports::refused(const Address& client, const RequestHead& head,
                             std::optional<std::uint16_t> status, std::string_view reason,
                             TimePoint now) {
  LimitedLines& lines = lines_for(status);
  if (lines.admit(now)) lines.log(line_of(client, head, status, reason), head.request_id);
}

void RefusalReports::sweep(TimePoint now) {
  with_4xx_.sweep(now);
  with_5xx_.sweep(now);
  cut_.sweep(now);
}

}  // namespace sioserve::connection
