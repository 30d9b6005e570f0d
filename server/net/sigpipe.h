// write() and sendfile() have no flag against SIGPIPE, and libuv sets none. A write to a closed
// connection must not end the process, however the application handles that signal, so the threads
// that write have it blocked.
#pragma once

#include <csignal>

namespace sioserve::net {

// Blocks SIGPIPE in the calling thread for good.
void block_sigpipe();

// Blocks SIGPIPE in the calling thread while it exists. Needed around every function that may start
// the threads of libuv's pool, which inherit the mask.
class SigpipeBlocked {
 public:
  SigpipeBlocked();
  ~SigpipeBlocked();
  SigpipeBlocked(const SigpipeBlocked&) = delete;
  SigpipeBlocked& operator=(const SigpipeBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace sioserve::net
