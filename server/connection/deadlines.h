// Several timeouts that run at the same time, each with a duration and, while it runs, a deadline.
// Knows neither sockets nor requests: the owner starts and stops each, and acts when one expires.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "server/base/clock.h"

namespace sioserve::connection {

// `Wait` is an enum with `count` values, from 0 on.
template <typename Wait, std::size_t count>
class Deadlines {
 public:
  // A wait whose time is 0 never expires.
  explicit Deadlines(const std::array<Milliseconds, count>& times) : times_(times) {
    until_.fill(TimePoint::max());
  }

  void restart(Wait wait, TimePoint now) {
    until_[index(wait)] = deadline_after(now, times_[index(wait)]);
  }
  // No effect if it runs already.
  void start(Wait wait, TimePoint now) {
    if (!runs(wait)) restart(wait, now);
  }
  // No effect unless it runs.
  void extend(Wait wait, TimePoint now) {
    if (runs(wait)) restart(wait, now);
  }
  // Moves the deadline to `until`, if it would be later.
  void move_deadline_earlier(Wait wait, TimePoint until) {
    until_[index(wait)] = std::min(until_[index(wait)], until);
  }
  void stop(Wait wait) { until_[index(wait)] = TimePoint::max(); }

  // Takes effect with restart().
  void set_time(Wait wait, Milliseconds time) { times_[index(wait)] = time; }

  TimePoint earliest() const { return *std::min_element(until_.begin(), until_.end()); }
  // The first expired wait.
  std::optional<Wait> expired(TimePoint now) const {
    for (std::size_t i = 0; i < count; ++i) {
      if (until_[i] <= now) return static_cast<Wait>(i);
    }
    return std::nullopt;
  }

 private:
  static constexpr std::size_t index(Wait wait) { return static_cast<std::size_t>(wait); }
  bool runs(Wait wait) const { return until_[index(wait)] != TimePoint::max(); }

  std::array<Milliseconds, count> times_;
  std::array<TimePoint, count> until_;
};

}  // namespace sioserve::connection
