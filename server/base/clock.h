// Time for the protocol engines: the caller passes it in, engines never read a clock.
#pragma once

#include <chrono>

namespace sioserve {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Milliseconds = std::chrono::milliseconds;

// When a timeout of the settings expires. Never for 0, which means none, and for times that would
// overflow.
inline TimePoint deadline_after(TimePoint now, Milliseconds time) {
  constexpr std::chrono::hours century{24 * 365 * 100};
  return time > Milliseconds(0) && time < century ? now + time : TimePoint::max();
}

}  // namespace sioserve
