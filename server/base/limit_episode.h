// Groups the cases in which one limit was reached into episodes, so that many cases make two log
// lines instead of one per client. An episode ends when the limit was not reached for a while and
// no client is throttled by it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "server/base/clock.h"

namespace sioserve {

class LimitEpisode {
 public:
  static constexpr Milliseconds quiet_time{10'000};
  static constexpr Milliseconds longest_hold{60'000};

  // Returns whether this case begins an episode.
  [[nodiscard]] bool reached(TimePoint now) {
    last_ = std::max(last_, now);
    return count_++ == 0;
  }
  // The client is throttled until this time, unless it disconnects before.
  void lasts(TimePoint until, TimePoint now) {
    last_ = std::max(last_, std::min(until, now + longest_hold));
  }

  bool under_way() const { return count_ > 0; }

  // The number of cases, returned once, when the episode is over.
  std::optional<std::size_t> take_ended(TimePoint now) {
    if (!under_way() || now - last_ < quiet_time) return std::nullopt;
    return std::exchange(count_, 0);
  }

 private:
  std::size_t count_ = 0;
  TimePoint last_{};
};

}  // namespace sioserve
