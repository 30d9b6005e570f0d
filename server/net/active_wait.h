// Decides when a loop asks for events again instead of sleeping.
//
// To put a thread to sleep and to wake it takes the kernel longer than a small request, above all
// where the core becomes idle meanwhile. So when events have come in quick succession for a while,
// the loop polls for a moment before it sleeps. It does not after turns that gave work to another
// thread, which may have only the same core, nor after turns with much to do: what comes during its
// sleep is handled together then, which takes less. Where it has polled for nothing, events have to
// come in time twice as often before it does so again.
//
// Knows nothing of libuv: the loop tells it the time.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "server/base/clock.h"

namespace sioserve::net {

class ActiveWait {
 public:
  // For how long the loop polls. It is about the time of a request and its response between two
  // processes of a machine.
  static constexpr std::chrono::microseconds longest{50};
  // When an event comes in time for a loop that sleeps: waking it takes as long.
  static constexpr std::chrono::microseconds in_time{100};
  // How often in a row events have to come in time.
  static constexpr int enough = 8, most = 512;
  // How many tasks a turn has at most if the loop polls behind it.
  static constexpr std::size_t few = 4;

  struct Turn {
    TimePoint began{};       // after waiting for events
    Clock::duration took{};  // for running the tasks
    std::size_t tasks = 0;
    bool gave_work_away = false;  // to another thread
  };

  void ended(const Turn& turn) {
    if (turn.tasks == 0) return;
    if (may_poll_) count(turn.began - last_work_ < in_time);
    last_work_ = turn.began + turn.took;
    may_poll_ = !turn.gave_work_away && turn.tasks <= few;
  }

  // Whether the loop polls instead of sleeping. Called at the end of each turn.
  bool polls(TimePoint now) {
    if (!may_poll_ || in_time_ < needed_) return false;
    if (now - last_work_ < longest) return true;
    in_time_ = 0;
    needed_ = std::min(2 * needed_, most);
    return false;
  }

 private:
  void count(bool is_in_time) {
    if (is_in_time) {
      in_time_ = std::min(in_time_ + 1, 2 * most);
      if (in_time_ >= 2 * needed_) needed_ = enough;
    } else if (in_time_ < needed_) {
      in_time_ = 0;
    }  // Otherwise the event came while the loop polled, but another program had the core.
  }

  TimePoint last_work_{};
  bool may_poll_ = false;
  int in_time_ = 0;  // events, in a row
  int needed_ = enough;
};

}  // namespace sioserve::net
