// Accepts connections on one listening socket.
// If the process or the machine has no file descriptors left, accepting pauses for a short time:
// new clients wait in the kernel's backlog, and connected ones are served. Lives on the loop's
// thread.
#pragma once

#include <string>

#include "server/base/file_descriptor.h"
#include "server/base/http_values.h"
#include "server/net/listening_socket.h"
#include "server/net/loop.h"
#include "server/net/timer.h"

namespace sioserve::net {

class AcceptHandler {
 public:
  virtual void on_accept(FileDescriptor socket, Endpoints endpoints) = 0;
  // Accepting has paused; `reason` is a sentence for the log. Called again every ten seconds while
  // the pause continues.
  virtual void on_accept_paused(const std::string& reason) = 0;

 protected:
  ~AcceptHandler() = default;
};

class Listener {
 public:
  // `handler` must outlive the listener and must not destroy it within a call.
  Listener(Loop& loop, ListeningSocket socket, AcceptHandler& handler);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

 private:
  void watch();
  void accept_waiting();
  void report_pause(int error);

  Loop& loop_;
  AcceptHandler& handler_;
  ListeningSocket socket_;
  Timer pause_;
  TimePoint next_report_ = TimePoint::min();
  UvHandle<uv_poll_t> poll_;
};

}  // namespace sioserve::net
