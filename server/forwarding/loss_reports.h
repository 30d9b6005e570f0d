// Log lines about inner connections that are lost. Clients cause attempts to reach a server that
// can't be reached, and anybody may connect to --cluster-listen. So the log gets a line once, and
// then once a minute with the number of times that it would have been there.
//
// Knows no clock. Lives on the loop's thread.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>

#include "server/base/clock.h"
#include "server/base/logger.h"

namespace sioserve::forwarding {

class LossReports {
 public:
  static constexpr Milliseconds interval{60'000};
  // Others are counted together.
  static constexpr std::size_t max_lines = 100;

  // Outlives this object.
  explicit LossReports(const Logger& logger) : logger_(logger) {}

  void lost(const std::string& line, TimePoint now);
  // Call it about every second.
  void advance(TimePoint now);

 private:
  struct Repeated {
    TimePoint until;
    std::size_t count = 0;  // not logged
  };

  const Logger& logger_;
  std::unordered_map<std::string, Repeated> lines_;
};

}  // namespace sioserve::forwarding
