// Time for the protocol engines: the caller passes it in, engines never read a clock.
#pragma once

#include <chrono>

namespace sioserve {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Milliseconds = std::chrono::milliseconds;

// When a timeout of the settings expires. Never for 0, which means none, for times that would
// overflow, and after a `now` that is never.
inline TimePoint deadline_after(TimePoint now, Milliseconds time) {
  constexpr std::chrono::hours century{24 * 365 * 100};
  if (time <= Milliseconds(0) || time >= century) return TimePoint::max();
  return now < TimePoint::max() - time ? now + time : TimePoint::max();
}

}  // namespace sioserve
