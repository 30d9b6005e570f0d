// A rate limit: a bucket with the tokens of one second, full at first, which refills at a constant
// rate. Does not read the clock.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "server/base/clock.h"

namespace sioserve {

class TokenBucket {
 public:
  // Tokens per second; 0: no limit.
  explicit TokenBucket(std::size_t rate) : token_(rate == 0 ? 0.0 : 1.0 / double(rate)) {}

  // May take more tokens than there are; then the bucket stays empty for longer.
  void take(std::size_t amount, TimePoint now) {
    if (token_.count() == 0) return;
    full_at_ = std::max(full_at_, now) + to_clock(token_ * double(amount));
  }

  // Whether it holds less than one token.
  bool empty(TimePoint now) const { return token_.count() != 0 && ready_at() > now; }
  bool full(TimePoint now) const { return full_at_ <= now; }
  // When it holds a token, if it is empty.
  TimePoint ready_at() const { return full_at_ - to_clock(capacity - token_); }

 private:
  using Seconds = std::chrono::duration<double>;
  static constexpr Seconds capacity{1.0};

  static Clock::duration to_clock(Seconds time) {
    return std::chrono::duration_cast<Clock::duration>(time);
  }

  Seconds token_;  // the time for one token
  TimePoint full_at_{};
};

}  // namespace sioserve
