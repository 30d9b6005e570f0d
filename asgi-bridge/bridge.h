// The application thread's side of one server: turns events into ASGI calls and Socket.IO
// callbacks, and what Python says into commands.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "asgi-bridge/asgi_types.h"
#include "asgi-bridge/names.h"
#include "asgi-bridge/python.h"
#include "asgi-bridge/scope.h"
#include "server/server.h"

namespace sioserve::bridge {

// What Server.__init__ was given.
struct Application {
  PyRef app;
  PyRef dispatcher;    // or None
  PyRef state;         // a dict, or null
  PyRef json_default;  // or None
  std::string root_path;
};

// Lives on the application thread, except post(), which any thread may call.
class Bridge {
 public:
  Bridge(const Gil& gil, Server& server, AsgiTypes types, Application application);

  // False when memory ran out; an exception is set.
  bool complete() const { return names_.complete && scopes_.complete(); }

  // `on_stopped` is called after the last event.
  void start(PyRef loop, PyRef on_stopped);
  // Handles everything that has happened.
  void drain(const Gil& gil);

  void post(ServerCommand command) { server_.post(std::move(command)); }

  const Names& names() const { return names_; }
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
  void handle(const Gil& gil, HttpRequest event);
  void handle(const Gil& gil, HttpBody event);
  void handle(const Gil& gil, HttpDisconnect event);
  void handle(const Gil& gil, WebSocketConnect event);
  void handle(const Gil& gil, WebSocketMessage event);
  void handle(const Gil& gil, WebSocketDisconnect event);
  void handle(const Gil& gil, SendCredit event);
  void handle(const Gil& gil, SessionOpened event);
  void handle(const Gil& gil, SessionClosed event);
  void handle(const Gil& gil, SocketConnect event);
  void handle(const Gil& gil, SocketEvent event);
  void handle(const Gil& gil, SocketAcknowledged event);
  void handle(const Gil& gil, SocketDisconnect event);
  void handle(const Gil& gil, LogRecord event);
  void handle(const Gil& gil, ServerStopped event);

  // Calls the application and leaves its task running. False with an exception set.
  bool run_application(const Gil& gil, const PyRef& stream, StreamId id, const PyRef& scope);
  // Calls a method of the dispatcher; a missing argument (null) or an exception is logged.
  void dispatch(const Gil& gil, const PyRef& method, std::initializer_list<PyRef> arguments);
  void announce_session(const Gil& gil, SessionId session);
  AsgiStream* find(StreamId id) const;

  Server& server_;
  AsgiTypes types_;
  Application application_;
  Names names_;
  ScopeFactory scopes_;
  PyRef loop_;
  PyRef on_stopped_;
  PyRef loggers_[log_category_names.size()];
  std::vector<AppEvent> batch_;
  std::unordered_map<StreamId, PyRef> streams_;  // running; each an object of types_.stream
  std::unordered_map<SessionId, PyRef> handed_over_scopes_;
};

}  // namespace sioserve::bridge
