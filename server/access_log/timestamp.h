// The time of a log line in several formats, formatted once per second.
#pragma once

#include <chrono>
#include <ctime>
#include <string>
#include <string_view>

namespace sioserve::access_log {

using WallTime = std::chrono::system_clock::time_point;

// Local time.
class Timestamp {
 public:
  void set(WallTime now);

  // 25/Nov/2026:01:27:12
  std::string_view clf() const { return clf_; }
  // 25/Nov/2026:01:27:12 +0100
  std::string_view clf_with_zone() const { return clf_with_zone_; }
  // 2026-11-25T01:27:12.345+01:00
  std::string_view iso() const;

 private:
  std::time_t second_ = -1;
  std::chrono::milliseconds fraction_{0};
  std::string clf_;
  std::string clf_with_zone_;
  mutable std::string iso_;  // iso() writes its milliseconds, which few formats have
};

}  // namespace sioserve::access_log
