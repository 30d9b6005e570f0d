// A timer on the loop.
#pragma once

#include <functional>

#include "server/base/clock.h"
#include "server/net/loop.h"

namespace sioserve::net {

class Timer {
 public:
  Timer(Loop& loop, std::function<void()> on_expired);
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Restarts a running timer. on_expired may start or stop the timer.
  void start_once(Milliseconds delay);
  void start_repeating(Milliseconds interval);
  void stop();

 private:
  void start(Milliseconds delay, Milliseconds interval);

  std::function<void()> on_expired_;
  UvHandle<uv_timer_t> handle_;
};

}  // namespace sioserve::net
