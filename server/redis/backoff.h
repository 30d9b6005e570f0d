// How long to wait before the next attempt to connect: twice as long each time, with a random part,
// so that many servers do not come back to Redis in the same moment.
#pragma once

#include <algorithm>
#include <random>

#include "server/base/clock.h"

namespace sioserve::redis {

class Backoff {
 public:
  static constexpr Milliseconds shortest{100};
  static constexpr Milliseconds longest{5'000};

  explicit Backoff(std::uint_fast32_t seed) : random_(seed) {}

  // From half of the present delay to all of it.
  Milliseconds next() {
    const Milliseconds delay = delay_;
    delay_ = std::min(delay_ * 2, longest);
    std::uniform_int_distribution<Milliseconds::rep> part(delay.count() / 2, delay.count());
    return Milliseconds(part(random_));
  }
  void reset() { delay_ = shortest; }

 private:
  std::minstd_rand random_;
  Milliseconds delay_ = shortest;
};

}  // namespace sioserve::redis
