#include "asgi-bridge/asgi_stream.h"

#include <algorithm>
#include <utility>

#include "asgi-bridge/bridge.h"
#include "asgi-bridge/future.h"

namespace sioserve::bridge {

AsgiStream::AsgiStream(Bridge& bridge, StreamId id)
    : bridge_(bridge), id_(id), send_window_(bridge.config().send_window) {}

PyRef AsgiStream::poll(const Gil& gil, Wait wait) {
  switch (wait) {
    case Wait::message:
      return next_message(gil);
    case Wait::space:
      return has_space() ? none() : PyRef();
  }
  return PyRef();
}

void AsgiStream::add_waiter(const Gil& gil, Wait wait, PyRef future) {
  std::vector<PyRef>& list = waiters(wait);
  // Remove the futures of cancelled awaits.
  std::erase_if(list, [&](const PyRef& other) { return is_done(gil, bridge_.names(), other); });
  list.push_back(std::move(future));
}

void AsgiStream::traverse(Visitor& visit) const {
  for (const PyRef& future : message_waiters_) visit(future);
  for (const PyRef& future : space_waiters_) visit(future);
}

void AsgiStream::forget_waiters() {
  // Moved to locals first: releasing these objects may run Python code.
  const auto message_waiters = std::exchange(message_waiters_, {});
  const auto space_waiters = std::exchange(space_waiters_, {});
}

void AsgiStream::wake(const Gil& gil, Wait wait) {
  if (waiters(wait).empty()) return;
  std::vector<PyRef> woken = std::exchange(waiters(wait), {});
  for (const PyRef& future : woken) set_done(gil, bridge_.names(), future);
}

void AsgiStream::wake_at_once(const Gil& gil) {
  const std::vector<PyRef> woken = std::exchange(message_waiters_, {});
  for (const PyRef& future : woken) bridge_.tasks().finish(gil, future);
}

void AsgiStream::credit(const Gil& gil, std::size_t bytes) {
  in_flight_ -= std::min(bytes, in_flight_);
  if (has_space()) wake(gil, Wait::space);
}

void AsgiStream::close(const Gil& gil) {
  closed_ = true;
  wake(gil, Wait::message);
  wake(gil, Wait::space);
}

void AsgiStream::log_application_error(const Gil& gil, PyObject* error) const {
  bridge_.loggers().exception(gil, "Exception in ASGI application", error);
}

}  // namespace sioserve::bridge
