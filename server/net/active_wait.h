// Decides when a loop asks for events again instead of sleeping.
//
// To put a thread to sleep and to wake it takes the kernel longer than a small request, above all
// where the core becomes idle meanwhile. So when events have come in quick succession for a while,
// the loop polls for a moment before it sleeps. Where they have not, it sleeps at once: polling for
// nothing happens at most once for `enough` events that came in time. With much to do it sleeps at
// once too: what comes meanwhile is then handled together, which takes less.
//
// Knows nothing of libuv: the loop tells it the time.
#pragma once

#include <chrono>
#include <cstddef>

#include "server/base/clock.h"

namespace sioserve::net {

class ActiveWait {
 public:
  // For how long the loop polls. It is about the time of a request and its response between two
  // processes of a machine.
  static constexpr std::chrono::microseconds longest{50};
  // How often events have to come in time.
  static constexpr int enough = 8;
  // How many tasks they cause at most.
  static constexpr std::size_t few = 4;

  // The loop has found events, and has run `tasks` of them from `begin` to `end`.
  void worked(TimePoint begin, TimePoint end, std::size_t tasks) {
    if (tasks == 0) return;
    if (begin - last_work_ >= longest || tasks > few) {
      in_time_ = 0;
    } else if (in_time_ < enough) {
      ++in_time_;
    }
    last_work_ = end;
  }

  // Whether the loop polls instead of sleeping.
  bool polls(TimePoint now) const { return in_time_ == enough && now - last_work_ < longest; }

 private:
  TimePoint last_work_{};
  int in_time_ = 0;
};

}  // namespace sioserve::net
