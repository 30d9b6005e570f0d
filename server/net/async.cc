#include "server/net/async.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

namespace sioserve::net {
namespace {

[[noreturn]] void fail(int error) {
  throw std::system_error(error, std::generic_category(), "no wake-up of an event loop");
}

}  // namespace

Async::Async(Loop& loop, std::function<void()> on_wake)
    : on_wake_(std::move(on_wake)), event_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (event_.get() < 0) fail(errno);
  auto handle = std::make_unique<uv_poll_t>();
  if (const int error = uv_poll_init(&loop.uv(), handle.get(), event_.get())) fail(-error);
  handle->data = this;
  handle_.reset(handle.release());
  const int error = uv_poll_start(handle_.get(), UV_READABLE, [](uv_poll_t* poll, int, int) {
    static_cast<Async*>(poll->data)->on_event();
  });
  if (error != 0) fail(-error);
}

void Async::send() {
  // Fails only if the counter is at its maximum; then the loop wakes anyway.
  [[maybe_unused]] const int result = ::eventfd_write(event_.get(), 1);
}

void Async::on_event() {
  eventfd_t sent = 0;
  if (::eventfd_read(event_.get(), &sent) == 0) on_wake_();
}

}  // namespace sioserve::net
