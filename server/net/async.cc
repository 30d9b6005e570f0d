#include "server/net/async.h"

#include <system_error>
#include <utility>

namespace sioserve::net {

Async::Async(Loop& loop, std::function<void()> on_wake) : on_wake_(std::move(on_wake)) {
  auto handle = std::make_unique<uv_async_t>();
  const int result = uv_async_init(&loop.uv(), handle.get(), [](uv_async_t* async) {
    static_cast<Async*>(async->data)->on_wake_();
  });
  if (result != 0) {
    throw std::system_error(-result, std::generic_category(), "no wake-up of an event loop");
  }
  handle->data = this;
  handle_.reset(handle.release());
}

void Async::send() { uv_async_send(handle_.get()); }

}  // namespace sioserve::net
