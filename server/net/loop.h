// The event loop of one I/O thread.
//
// May be made on another thread than the one that runs it, as long as only one of them uses it at a
// time. Every object that was given the loop must be gone before it.
#pragma once

#include <uv.h>

#include <array>
#include <string_view>

#include "server/base/clock.h"
#include "server/net/deferred_queue.h"
#include "server/net/uv_handle.h"

namespace sioserve::net {

class Loop {
 public:
  // Throws std::system_error, as for a lack of descriptors.
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Until stop(), or until nothing is left that could cause an event. Blocks SIGPIPE in the calling
  // thread: a write to a closed connection must not end the process, whatever the application does
  // with that signal.
  void run();
  // Waits for events once and handles them; for tests. Blocks SIGPIPE too.
  void run_once();
  // On the loop's thread; anywhere else through an Async.
  void stop();

  // The time at which the current turn began.
  TimePoint now() const;

  DeferredQueue& deferred_queue() { return deferred_queue_; }
  // How long the work at the end of the latest turn took: mostly writing.
  Clock::duration latest_turn_end() const { return latest_turn_end_; }

  // For the other files of this folder.
  uv_loop_t& uv() { return uv_; }
  // Shared by all streams: what is read is handed on before the next read.
  std::array<char, 65'536>& read_buffer() { return read_buffer_; }

 private:
  void end_turn();

  uv_loop_t uv_{};
  DeferredQueue deferred_queue_;
  Clock::duration latest_turn_end_{0};
  UvHandle<uv_prepare_t> prepare_;
  UvHandle<uv_idle_t> idle_;  // active: the next turn must not wait for events
  std::array<char, 65'536> read_buffer_;
};

}  // namespace sioserve::net
