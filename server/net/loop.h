// The event loop of one I/O thread.
//
// May be created on another thread than the one that runs it, as long as only one of them uses it
// at a time. Every object that uses the loop must be destroyed before it.
#pragma once

#include <uv.h>

#include <array>
#include <cstddef>
#include <functional>
#include <string_view>
#include <utility>

#include "server/base/clock.h"
#include "server/net/active_wait.h"
#include "server/net/deferred_queue.h"
#include "server/net/uv_handle.h"

namespace sioserve::net {

class Loop {
 public:
  // Throws std::system_error, for example if no descriptors are left.
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs until stop(), or until nothing is left that could cause an event. Blocks SIGPIPE in the
  // calling thread.
  void run();
  // Waits for events once and handles them; for tests. Returns without one if it polls
  // (active_wait.h). Blocks SIGPIPE too.
  void run_once();
  // Only on the loop's thread; other threads use an Async.
  void stop();

  // The time at which the current loop iteration began, or its latest part (between_reads()).
  TimePoint now() const;

  // libuv reports up to 1,024 sockets at a time. If the deferred tasks want to run before all of
  // them have been read, they do (DeferredQueue::run_soon()), and `action` behind them: it handles
  // what other threads have sent since. Set it before the loop runs.
  void between_reads(std::function<void()> action) { between_reads_ = std::move(action); }
  // For streams: they have read, and no function of them runs any more.
  void after_read();

  DeferredQueue& deferred_queue() { return deferred_queue_; }
  // The work at the end of the latest loop iteration, which is mostly writing.
  using TurnEnd = ActiveWait::Turn;
  const TurnEnd& latest_turn_end() const { return latest_turn_end_; }

  // Only for files of this folder.
  uv_loop_t& uv() { return uv_; }
  // Shared by all streams: the bytes are passed on before the next read.
  std::array<char, 65'536>& read_buffer() { return read_buffer_; }

 private:
  void end_turn();
  DeferredQueue::State run_deferred_tasks();

  uv_loop_t uv_{};
  DeferredQueue deferred_queue_;
  TurnEnd latest_turn_end_;
  ActiveWait active_wait_;
  std::function<void()> between_reads_ = [] {};
  UvHandle<uv_prepare_t> prepare_;
  UvHandle<uv_idle_t> idle_;  // active: the next loop iteration must not wait for events
  std::array<char, 65'536> read_buffer_;
};

}  // namespace sioserve::net
