// The times when one limit was reached, gathered into episodes, so that a rush makes two lines in
// the log and not one for each client. An episode ends when the limit was not reached for a while,
// nor anybody held at it.
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

  // Whether an episode begins with this one.
  [[nodiscard]] bool reached(TimePoint now) {
    last_ = std::max(last_, now);
    return count_++ == 0;
  }
  // Who has reached it is held there until then, unless he leaves before.
  void lasts(TimePoint until, TimePoint now) {
    last_ = std::max(last_, std::min(until, now + longest_hold));
  }

  bool under_way() const { return count_ > 0; }

  // How often the limit was reached, once, when the episode is over.
  std::optional<std::size_t> take_ended(TimePoint now) {
    if (!under_way() || now - last_ < quiet_time) return std::nullopt;
    return std::exchange(count_, 0);
  }

 private:
  std::size_t count_ = 0;
  TimePoint last_{};
};

}  // namespace sioserve
