// Tells a flood of emits from single ones that are held up because the machine is busy.
#pragma once

#include <chrono>

#include "server/base/clock.h"

namespace sioserve::port {

class FloodDetector {
 public:
  // A flood lasts that long at least,
  static constexpr Milliseconds flood_time{100};
  // with at most that much between the end of the work on commands and the next hold-up.
  static constexpr Milliseconds flood_gap{50};

  // Emits have been held up again. `work`: what the commands before have taken, with their output.
  // Returns whether it is a flood.
  bool held_up(TimePoint now, Clock::duration work) {
    if (now - latest_ > flood_gap + 2 * work) first_ = now;
    latest_ = now;
    return now - first_ >= flood_time;
  }

 private:
  TimePoint first_{};
  TimePoint latest_{};
};

}  // namespace sioserve::port
