// Wakes the loop from any thread, through an eventfd. libuv's uv_async_t does the same, but its
// loop waits actively for the thread in uv_async_send() if it wakes before this call has returned.
#pragma once

#include <functional>

#include "server/base/file_descriptor.h"
#include "server/net/loop.h"

namespace sioserve::net {

class Async {
 public:
  // `on_wake` runs on the loop's thread, once for all send() calls before it. Throws
  // std::system_error.
  Async(Loop& loop, std::function<void()> on_wake);
  Async(const Async&) = delete;
  Async& operator=(const Async&) = delete;

  // From any thread, during the lifetime of the object.
  void send();

 private:
  void on_event();

  std::function<void()> on_wake_;
  FileDescriptor event_;  // stays open until the handle is closed
  UvHandle<uv_poll_t> handle_;
};

}  // namespace sioserve::net
