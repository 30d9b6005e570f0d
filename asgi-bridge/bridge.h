// The application thread's side of one server: turns events into ASGI calls and Socket.IO
// callbacks, and what Python says into commands.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "asgi-bridge/asgi_types.h"
#include "asgi-bridge/fork_generation.h"
#include "asgi-bridge/names.h"
#include "asgi-bridge/object.h"
#include "asgi-bridge/python.h"
#include "asgi-bridge/scope.h"
#include "server/port/port.h"

namespace sioserve::bridge {

// What Server.__init__ was given.
struct Application {
  PyRef app;
  PyRef dispatcher;            // or None
  PyRef state;                 // a dict, or null
  PyRef extensions;            // a dict, or null
  PyRef json_default;          // or None
  PyRef client_gone;           // or None: called with a task and its scope
  PyRef max_requests_reached;  // or None: called when the server is to be stopped
  std::string root_path;
  PyRef request_id;  // the context variable

  void traverse(Visitor& visit) const;
};

// Lives on the application thread, except post(), which any thread may call.
class Bridge {
 public:
  Bridge(const Gil& gil, Port& port, AsgiTypes types, Application application);

  // False when memory ran out; an exception is set.
  bool complete() const { return names_.complete && scopes_.complete(); }

  // The object that the bridge lives in, which its streams keep alive.
  void set_owner(PyObject* owner) { owner_ = owner; }

  // The loop calls `drain` when `descriptor` is readable. `on_stopped` is called after the last
  // event, when the loop watches no more. False with an exception set.
  bool start(const Gil& gil, PyRef loop, PyRef on_stopped, PyRef drain, int descriptor);
  // As if start() had not been called: there is no I/O thread after all. No exception is set.
  void take_back_start(const Gil& gil);
  enum class Drained { all, some };
  // Handles what has happened, for as long as `budget` allows: then other callbacks of the event
  // loop are to have their turn before it is called again.
  Drained drain(const Gil& gil, std::chrono::milliseconds budget);
  // Handles the log lines that wait and drops every other event: the process is about to end while
  // the event loop is blocked. Any thread that holds the GIL.
  void log_what_waits(const Gil& gil);
  // Forgets every task, stream and scope; the I/O thread has ended.
  void let_go(const Gil& gil);

  // For the garbage collector. clear() lets go of the application and the loop too, and nothing is
  // called any more.
  void traverse(Visitor& visit) const;
  void clear(const Gil& gil);

  // The application's tasks that have not ended, as a list of (task, scope).
  PyRef running_tasks(const Gil& gil) const;

  // The answer to a question; what it is by default where there is none. Holds up the calling
  // thread, which holds the GIL, for a round trip to the I/O thread.
  template <typename Asked>
  typename Asked::Answer ask(const Gil& gil, Asked question) {
    Answer answer = ask_any(gil, std::move(question));
    auto* const given = std::get_if<typename Asked::Answer>(&answer);
    return given == nullptr ? typename Asked::Answer{} : std::move(*given);
  }

  // Drops the command in a child made by fork(): the I/O thread is not there, and may have held the
  // queue's lock.
  void post(Command command) {
    if (process_ == fork_generation()) port_.post(std::move(command));
  }

  // For what is emitted: holds up the calling thread, without the GIL, while too many commands wait
  // (command_queue.h). The event loop's own thread is held up later than others, because it can
  // await room() instead.
  void post_paced(const Gil& gil, Command command);
  // A future of the event loop that is done when there is room again for what is emitted. None:
  // there is, or the calling thread is not the loop's. Null with an exception set.
  PyRef room(const Gil& gil);

  const Config& config() const { return port_.config(); }
  const AsgiTypes& types() const { return types_; }
  const Names& names() const { return names_; }
  // Null before start() and after clear().
  PyObject* loop() const { return loop_.get(); }
  PyObject* json_default() const { return application_.json_default.get(); }

  // The scope that an Engine.IO session which comes of this stream will have; borrowed, may be
  // null.
  void keep_scope(const Gil& gil, StreamId stream, PyObject* scope);
  // The application's task for a stream has ended.
  void on_task_done(const Gil& gil, StreamId stream, PyObject* task);

  void log_error(const Gil& gil, const char* message) const;
  // `error`: an exception object.
  void log_exception(const Gil& gil, const char* message, PyObject* error) const;

 private:
  // Each group of events with its alternatives.
  void handle(const Gil& gil, HttpEvent& event);
  void handle(const Gil& gil, WebSocketEvent& event);
  void handle(const Gil& gil, HandshakeEvent& event);
  void handle(const Gil& gil, SocketIoEvent& event);
  void handle(const Gil& gil, ServerEvent& event);
  void handle(const Gil& gil, HttpRequest event);
  void handle(const Gil& gil, HttpBody event);
  void handle(const Gil& gil, HttpDisconnect event);
  void handle(const Gil& gil, HttpAbandoned event);
  void handle(const Gil& gil, HttpTimedOut event);
  void handle(const Gil& gil, WebSocketConnect event);
  void handle(const Gil& gil, WebSocketMessage event);
  void handle(const Gil& gil, WebSocketDisconnect event);
  void handle(const Gil& gil, HttpSendCredit event);
  void handle(const Gil& gil, WebSocketSendCredit event);
  void handle(const Gil& gil, HandshakeAsked event);
  void handle(const Gil& gil, SessionOpened event);
  void handle(const Gil& gil, SessionClosed event);
  void handle(const Gil& gil, SocketConnect event);
  void handle(const Gil& gil, SocketEvent event);
  void handle(const Gil& gil, SocketAcknowledged event);
  void handle(const Gil& gil, SocketDisconnect event);
  void handle(const Gil& gil, SocketAcksLost event);
  void handle(const Gil& gil, SocketForgotten event);
  void handle(const Gil& gil, SessionSignalled event);
  void handle(const Gil& gil, LogRecord event);
  void handle(const Gil& gil, AccessEntry event);
  void handle(const Gil& gil, RequestLimitReached event);
  void handle(const Gil& gil, RoomForCommands event);
  void handle(const Gil& gil, ServerStopped event);

  Answer ask_any(const Gil& gil, Question question);

  // A request or WebSocket whose task has not ended. The event loop itself refers to tasks weakly.
  struct Running {
    PyRef stream;  // an object of types_.stream
    PyRef scope;   // as it was handed over; middleware may have changed it
    PyRef task;
  };

  // Calls the application and leaves its task running. False with an exception set.
  bool run_application(const Gil& gil, const PyRef& stream, StreamId id, const PyRef& scope);
  PyRef make_task(const Gil& gil, const PyRef& awaitable) const;
  // Calls a method of the dispatcher; a missing argument (null) or an exception is logged.
  void dispatch(const Gil& gil, const PyRef& method, std::initializer_list<PyRef> arguments);
  // A client left and the application has not come to its end.
  void report_client_gone(const Gil& gil, StreamId id);
  // Of a handshake on the native path.
  PyRef engine_io_scope(const Gil& gil, const RequestHead& head, const Endpoints& endpoints);
  void stop_watching(const Gil& gil);
  void announce_session(const Gil& gil, SessionId session);
  AsgiStream* find(StreamId id) const;

  const unsigned process_ = fork_generation();
  PyObject* owner_ = nullptr;
  Port& port_;
  AsgiTypes types_;
  Application application_;
  Names names_;
  ScopeFactory scopes_;
  PyRef loop_;
  PyRef on_stopped_;
  int descriptor_ = -1;
  PyRef loggers_[log_category_names.size()];
  std::vector<Event> batch_;    // taken of the port
  std::size_t next_event_ = 0;  // of the batch, to be handled
  std::vector<PyRef> room_futures_;
  std::thread::id loop_thread_;
  std::unordered_map<StreamId, Running> running_;
  std::unordered_map<SessionId, PyRef> handed_over_scopes_;
};

}  // namespace sioserve::bridge
