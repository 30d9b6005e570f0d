// The application thread's side of one server's port: passes each group of events to the class that
// handles it (AsgiCalls, SocketIoCallbacks, Loggers), and Python's commands to the I/O thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "asgi-bridge/application.h"
#include "asgi-bridge/asgi_calls.h"
#include "asgi-bridge/asgi_types.h"
#include "asgi-bridge/fork_generation.h"
#include "asgi-bridge/loggers.h"
#include "asgi-bridge/names.h"
#include "asgi-bridge/object.h"
#include "asgi-bridge/python.h"
#include "asgi-bridge/scope.h"
#include "asgi-bridge/socketio_callbacks.h"
#include "asgi-bridge/task_starter.h"
#include "server/port/port.h"

namespace sioserve::bridge {

// Lives on the application thread, except post(), which any thread may call.
class Bridge {
 public:
  Bridge(const Gil& gil, Port& port, AsgiTypes types, Application application);

  // False if memory ran out; an exception is set.
  bool complete() const { return names_.complete && loggers_.complete() && scopes_.complete(); }

  // The object that contains the bridge. Its streams keep it alive.
  void set_owner(PyObject* owner) { owner_ = owner; }
  PyRef owner() const { return PyRef::borrow(owner_); }

  // The loop calls `callback` when `descriptor` is readable.
  struct Watched {
    int descriptor;
    PyRef callback;
  };
  // `on_stopped` is called after the last event, when the loop has stopped watching. False with an
  // exception set.
  bool start(const Gil& gil, PyRef loop, PyRef on_stopped, std::span<const Watched> watched);
  // Reverses start(), if the I/O thread could not be started. No exception is set.
  void undo_start(const Gil& gil);
  enum class Drained { all, some };
  // Handles events until none is left or `budget` is used up; other callbacks of the event loop
  // then run before the next call.
  Drained drain(const Gil& gil, std::chrono::milliseconds budget);
  // Takes the next event, if it is one of this socket. Called while drain() handles another.
  std::optional<SocketEvent> take_next_event_of(SocketId socket);
  // The same for a message of this WebSocket.
  std::optional<WebSocketMessage> take_next_message_of(StreamId stream);
  // Whether drain() has left events that it has taken already.
  bool has_more() const { return next_event_ < batch_.size(); }
  // Handles the queued log records and drops every other event: the process is about to end while
  // the event loop is blocked. Any thread that holds the GIL.
  void log_pending(const Gil& gil);
  // Releases every task, stream and scope; the I/O thread has ended.
  void release_all(const Gil& gil);

  // For the garbage collector. clear() also releases the application and the loop; no callback is
  // called after it.
  void traverse(Visitor& visit) const;
  void clear(const Gil& gil);

  // Returns the answer to a question, or an empty answer if no I/O thread runs. Blocks the calling
  // thread, which holds the GIL, for a round trip to the I/O thread.
  template <typename Asked>
  typename Asked::Answer ask(const Gil& gil, Asked question) {
    Answer answer = ask_any(gil, std::move(question));
    auto* const given = std::get_if<typename Asked::Answer>(&answer);
    return given == nullptr ? typename Asked::Answer{} : std::move(*given);
  }

  // Drops the command in a child made by fork(): there the I/O thread does not exist, and the queue
  // may be locked forever.
  void post(Command&& command) {
    if (process_ == fork_generation()) port_.post(std::move(command));
  }

  // For emits: blocks the calling thread, without the GIL, while the command queue has no space
  // (command_queue.h). The event loop's own thread is blocked later than others, because it can
  // await space() instead.
  void post_paced(const Gil& gil, Command command);
  // A future of the event loop that is done when the command queue has space again. None if it has
  // space now, or if the calling thread is not the loop's. Null with an exception set.
  PyRef space(const Gil& gil);

  // Any thread that holds the GIL.
  RelaysId next_relays_id(const Gil&) { return RelaysId{++last_relays_id_}; }

  const Config& config() const { return port_.config(); }
  const Application& application() const { return application_; }
  const AsgiTypes& types() const { return types_; }
  const Names& names() const { return names_; }
  const Loggers& loggers() const { return loggers_; }
  ScopeFactory& scopes() { return scopes_; }
  TaskStarter& tasks() { return tasks_; }
  AsgiCalls& asgi() { return asgi_; }
  SocketIoCallbacks& socket_io() { return socket_io_; }
  // Null before start() and after clear().
  PyObject* loop() const { return loop_.get(); }
  PyObject* json_default() const { return application_.json_default.get(); }

 private:
  // Each group of events is passed to the class that handles it.
  void handle(const Gil& gil, HttpEvent& event) { asgi_.handle(gil, event); }
  void handle(const Gil& gil, WebSocketEvent& event) { asgi_.handle(gil, event); }
  void handle(const Gil& gil, HandshakeEvent& event) { socket_io_.handle(gil, event); }
  void handle(const Gil& gil, SocketIoEvent& event) { socket_io_.handle(gil, event); }
  void handle(const Gil& gil, ClusterEvent& event) { socket_io_.handle(gil, event); }
  void handle(const Gil& gil, ProcessEvent& event) { socket_io_.handle(gil, event); }
  void handle(const Gil& gil, ServerEvent& event);
  void handle(const Gil& gil, LogRecord event);
  void handle(const Gil& gil, AccessEntry event);
  void handle(const Gil& gil, RequestLimitReached event);
  void handle(const Gil& gil, CommandQueueHasSpace event);
  void handle(const Gil& gil, StopBegun event);
  void handle(const Gil& gil, ServerStopped event);

  Answer ask_any(const Gil& gil, Question question);
  void stop_watching(const Gil& gil);

  const unsigned process_ = fork_generation();
  PyObject* owner_ = nullptr;
  Port& port_;
  AsgiTypes types_;
  Application application_;
  Names names_;
  Loggers loggers_;
  ScopeFactory scopes_;
  TaskStarter tasks_;
  AsgiCalls asgi_;
  SocketIoCallbacks socket_io_;
  PyRef loop_;
  PyRef on_stopped_;
  std::vector<int> watched_;    // descriptors
  std::vector<Event> batch_;    // taken from the port
  std::size_t next_event_ = 0;  // index in batch_
  std::vector<PyRef> room_futures_;
  std::uint64_t last_relays_id_ = 0;
  std::thread::id loop_thread_;
};

}  // namespace sioserve::bridge
