#include "server/net/local_channel.h"

#include <system_error>
#include <utility>

namespace sioserve::net {
namespace {

int events_of(LocalChannel::Interest interest) {
  switch (interest) {
    case LocalChannel::Interest::none:
      return 0;
    case LocalChannel::Interest::reading:
      return UV_READABLE;
    case LocalChannel::Interest::writing:
      return UV_WRITABLE;
    case LocalChannel::Interest::reading_and_writing:
      return UV_READABLE | UV_WRITABLE;
  }
  __builtin_unreachable();
}

}  // namespace

LocalChannel::LocalChannel(Loop& loop, FileDescriptor socket, std::function<void()> on_ready)
    : socket_(std::move(socket)), on_ready_(std::move(on_ready)) {
  auto handle = std::make_unique<uv_poll_t>();
  const int result = uv_poll_init(&loop.uv(), handle.get(), socket_.get());
  if (result != 0) {
    throw std::system_error(-result, std::generic_category(), "a channel can't be watched");
  }
  handle->data = this;
  handle_.reset(handle.release());
}

// The descriptor must not be closed while libuv watches it.
LocalChannel::~LocalChannel() { uv_poll_stop(handle_.get()); }

void LocalChannel::watch(Interest interest) {
  if (std::exchange(interest_, interest) == interest) return;
  if (interest == Interest::none) {
    uv_poll_stop(handle_.get());
    return;
  }
  uv_poll_start(handle_.get(), events_of(interest), [](uv_poll_t* poll, int, int) {
    static_cast<LocalChannel*>(poll->data)->on_ready_();
  });
}

}  // namespace sioserve::net
