#include "server/net/loop.h"

#include <sched.h>

#include <cassert>
#include <system_error>

#include "server/net/sigpipe.h"

namespace sioserve::net {

Loop::Loop() {
  if (const int error = uv_loop_init(&uv_); error != 0) {
    throw std::system_error(-error, std::generic_category(), "no event loop");
  }
  auto prepare = std::make_unique<uv_prepare_t>();
  uv_prepare_init(&uv_, prepare.get());
  prepare->data = this;
  prepare_.reset(prepare.release());
  uv_prepare_start(prepare_.get(),
                   [](uv_prepare_t* handle) { static_cast<Loop*>(handle->data)->end_turn(); });
  uv_unref(reinterpret_cast<uv_handle_t*>(prepare_.get()));

  auto idle = std::make_unique<uv_idle_t>();
  uv_idle_init(&uv_, idle.get());
  idle_.reset(idle.release());
}

Loop::~Loop() {
  prepare_.reset();
  idle_.reset();
  uv_run(&uv_, UV_RUN_DEFAULT);  // libuv finishes closing its handles
  [[maybe_unused]] const int result = uv_loop_close(&uv_);
  assert(result == 0);
}

void Loop::run() {
  block_sigpipe();
  uv_run(&uv_, UV_RUN_DEFAULT);
}

void Loop::run_once() {
  block_sigpipe();
  uv_run(&uv_, UV_RUN_ONCE);
}

void Loop::stop() { uv_stop(&uv_); }

TimePoint Loop::now() const { return TimePoint(Milliseconds(uv_now(&uv_))); }

void Loop::after_read() {
  if (!deferred_queue_.runs_soon()) return;
  deferred_queue_.run();
  ::sched_yield();  // to a thread that has only the same core
  uv_update_time(&uv_);
  between_reads_();
  static_cast<void>(run_deferred_tasks());
}

void Loop::end_turn() {
  const DeferredQueue::State state = run_deferred_tasks();
  active_wait_.ended(latest_turn_end_);
  if (state == DeferredQueue::State::tasks_left ||
      active_wait_.polls(latest_turn_end_.began + latest_turn_end_.took)) {
    uv_idle_start(idle_.get(), [](uv_idle_t*) {});
  } else {
    uv_idle_stop(idle_.get());
  }
}

DeferredQueue::State Loop::run_deferred_tasks() {
  const auto start = Clock::now();
  const DeferredQueue::State state = deferred_queue_.run();
  latest_turn_end_ = {start, Clock::now() - start, deferred_queue_.latest_tasks(),
                      deferred_queue_.work_given_away()};
  return state;
}

}  // namespace sioserve::net
