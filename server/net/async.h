// Wakes the loop from any thread.
#pragma once

#include <functional>

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
  std::function<void()> on_wake_;
  UvHandle<uv_async_t> handle_;
};

}  // namespace sioserve::net
