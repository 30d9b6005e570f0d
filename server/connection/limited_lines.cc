#include "server/connection/limited_lines.h"

#include <algorithm>

namespace sioserve::connection {

bool LimitedLines::admit(TimePoint now) {
  if (!logger_.enabled(LogCategory::server, level_)) return false;
  if (take(now)) return true;
  if (omitted_.reached(now)) {
    log("There are too many " + name_ + " for the log: from now on it has one of them in a second");
  }
  return false;
}

bool LimitedLines::take(TimePoint now) {
  const TimePoint from = std::max(all_at_, now);
  if (from - now > (burst - 1) * interval) return false;
  all_at_ = from + interval;
  return true;
}

void LimitedLines::log(std::string line, std::string request_id) const {
  logger_.log(LogCategory::server, level_, std::move(line), std::move(request_id));
}

void LimitedLines::sweep(TimePoint now) {
  if (const auto count = omitted_.take_ended(now)) {
    log("The log has all " + name_ + " again: " + std::to_string(*count) +
        " of them were left out");
  }
}

}  // namespace sioserve::connection
