// Time as the protocol engines see it: a point handed in by the caller, never read by an engine.
#pragma once

#include <chrono>

namespace sioserve {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Milliseconds = std::chrono::milliseconds;

// When a time that a setting gives is over. Never for 0, which means none, and for a time that
// nobody will live to see.
inline TimePoint deadline_after(TimePoint now, Milliseconds time) {
  constexpr std::chrono::hours century{24 * 365 * 100};
  return time > Milliseconds(0) && time < century ? now + time : TimePoint::max();
}

}  // namespace sioserve
