#include "server/net/timer.h"

#include <cstdint>
#include <utility>

namespace sioserve::net {

Timer::Timer(Loop& loop, std::function<void()> on_expired) : on_expired_(std::move(on_expired)) {
  auto handle = std::make_unique<uv_timer_t>();
  uv_timer_init(&loop.uv(), handle.get());
  handle->data = this;
  handle_.reset(handle.release());
}

void Timer::start_once(Milliseconds delay) { start(delay, Milliseconds(0)); }

void Timer::start_repeating(Milliseconds interval) { start(interval, interval); }

void Timer::stop() { uv_timer_stop(handle_.get()); }

void Timer::start(Milliseconds delay, Milliseconds interval) {
  uv_timer_start(
      handle_.get(), [](uv_timer_t* timer) { static_cast<Timer*>(timer->data)->on_expired_(); },
      static_cast<std::uint64_t>(delay.count()), static_cast<std::uint64_t>(interval.count()));
}

}  // namespace sioserve::net
