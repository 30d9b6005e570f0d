#include "server/forwarding/loss_reports.h"

#include <utility>

namespace sioserve::forwarding {
namespace {

constexpr const char* page = " (docs/scaling.md#when-servers-do-not-reach-each-other)";

}  // namespace

void LossReports::lost(const std::string& line, TimePoint now) {
  const bool is_one_too_many = lines_.size() >= max_lines && !lines_.contains(line);
  const std::string& shown = is_one_too_many ? "More inner connections are lost" : line;
  auto [found, is_new] = lines_.try_emplace(shown, Repeated{deadline_after(now, interval)});
  if (is_new) {
    logger_.log(LogCategory::engineio, LogLevel::warning, shown + page);
  } else {
    ++found->second.count;
  }
}

void LossReports::advance(TimePoint now) {
  for (auto entry = lines_.begin(); entry != lines_.end();) {
    auto& [line, repeated] = *entry;
    if (now >= repeated.until && repeated.count == 0) {
      entry = lines_.erase(entry);
      continue;
    }
    if (now >= repeated.until) {
      logger_.log(LogCategory::engineio, LogLevel::warning,
                  line + " (" + std::to_string(std::exchange(repeated.count, 0)) +
                      " times more in a minute)");
      repeated.until = deadline_after(now, interval);
    }
    ++entry;
  }
}

}  // namespace sioserve::forwarding
