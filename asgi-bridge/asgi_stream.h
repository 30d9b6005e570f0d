// The application thread's side of one HTTP request or WebSocket: implements its `receive` and
// `send`.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "asgi-bridge/object.h"
#include "asgi-bridge/python.h"
#include "server/port/ids.h"
#include "server/port/send_window.h"

namespace sioserve::bridge {

class Bridge;

// Used with the GIL, nearly always on the application thread, inside a Python object to which
// `receive`, `send`, their awaitables and the bridge's table refer. A request without a task
// (asgi_calls.h) calls send() on another thread while nobody waits in receive() or send(). A
// receive() takes its message only at the moment it completes, so a cancelled receive() loses none.
class AsgiStream {
 public:
  AsgiStream(Bridge& bridge, StreamId id);
  virtual ~AsgiStream() = default;
  AsgiStream(const AsgiStream&) = delete;
  AsgiStream& operator=(const AsgiStream&) = delete;

  StreamId id() const { return id_; }
  Bridge& bridge() const { return bridge_; }

  // What an await waits for.
  enum class Wait { message, space };

  // The result of an await, if there is one now. Null while there is none, or with an exception
  // set.
  PyRef poll(const Gil& gil, Wait wait);

  // Takes one ASGI message from the application. False with an exception set if it is invalid or
  // out of order.
  virtual bool send(const Gil& gil, PyObject* message) = 0;
  // False while the send window is full: the caller of send() must wait for Wait::space.
  bool has_space() const { return closed_ || send_window_.has_space(in_flight_); }

  // `future` is set when poll() may have a result.
  void add_waiter(const Gil& gil, Wait wait, PyRef future);

  // For the garbage collector.
  void traverse(Visitor& visit) const;
  void forget_waiters();

  // The kernel accepted bytes for the client's connection.
  void credit(const Gil& gil, std::size_t bytes);

  // How the coroutine of the application's call has ended.
  enum class End { returned, raised };
  std::optional<End> application_end() const { return application_end_; }
  void set_application_end(End end) { application_end_ = end; }

  // The application's task has ended. `error` is its exception, or null.
  virtual void on_task_done(const Gil& gil, PyObject* error) = 0;

 protected:
  virtual PyRef next_message(const Gil& gil) = 0;

  // Wakes the tasks that wait in receive(), or in send().
  void wake(const Gil& gil, Wait wait);
  // Those in receive(), which continue within this call if they can.
  void wake_at_once(const Gil& gil);
  void add_in_flight(std::size_t bytes) { in_flight_ += bytes; }
  // Nothing can be sent any more: no send() waits, all are woken.
  void close(const Gil& gil);
  bool closed() const { return closed_; }

  // Logs an exception of the application with its traceback.
  void log_application_error(const Gil& gil, PyObject* error) const;

 private:
  std::vector<PyRef>& waiters(Wait wait) {
    return wait == Wait::message ? message_waiters_ : space_waiters_;
  }

  Bridge& bridge_;
  StreamId id_;
  std::vector<PyRef> message_waiters_;
  std::vector<PyRef> space_waiters_;
  std::size_t in_flight_ = 0;
  const SendWindow send_window_;
  bool closed_ = false;
  std::optional<End> application_end_;
};

}  // namespace sioserve::bridge
