// Time as the protocol engines see it: a point handed in by the caller, never read by an engine.
#pragma once

#include <chrono>

namespace sioserve {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Milliseconds = std::chrono::milliseconds;

}  // namespace sioserve
