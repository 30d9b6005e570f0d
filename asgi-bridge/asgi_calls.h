// Calls the ASGI application for requests and WebSockets, and passes the events of their streams to
// its tasks.
//
// The application that the package sioserve gives the server may return a request without a task
// instead of a coroutine (sioserve/django/direct_requests.py): an object with a method
// begin_without_task(ended). From then on it may call send() on any thread, and calls
// ended(request) once, when it has ended. It has the methods of a task that are used here.
#pragma once

#include <string>
#include <unordered_map>

#include "asgi-bridge/asgi_types.h"
#include "asgi-bridge/object.h"
#include "asgi-bridge/python.h"
#include "server/port/messages.h"

namespace sioserve::bridge {

class Bridge;

// Lives on the application thread, except on_task_done(), which any thread may call that holds the
// GIL. So a request can end whenever Python code runs, or Python objects are made: what is needed
// behind that is copied, not referred to.
class AsgiCalls {
 public:
  explicit AsgiCalls(Bridge& bridge) : bridge_(bridge) {}

  void handle(const Gil& gil, HttpEvent& event);
  void handle(const Gil& gil, WebSocketEvent& event);

  // The coroutine of the application's call has ended. No exception is set.
  void on_application_end(const Gil& gil, AsgiStream& stream, AsgiStream::End end);
  // The done-callback of the tasks that need one: a task's exception has to be fetched from it, and
  // an awaitable that is no coroutine does not report its end.
  void on_task_done(const Gil& gil, StreamId id, PyObject* task);
  // The tasks that have not ended, as a list of (task, scope); null with an exception set.
  PyRef running_tasks(const Gil& gil) const;
  // What a framework has put into the scope of a request: the `path` of `scope["route"]`, as
  // Starlette has it. Empty if there is none. No exception is set.
  std::string route_of(const Gil& gil, StreamId id) const;

  void release_all(const Gil& gil);
  void traverse(Visitor& visit) const;

 private:
  void handle(const Gil& gil, HttpRequest event);
  void handle(const Gil& gil, HttpBody event);
  void handle(const Gil& gil, HttpDisconnect event);
  void handle(const Gil& gil, HttpAbandoned event);
  void handle(const Gil& gil, HttpTimedOut event);
  void handle(const Gil& gil, HttpSendCredit event);
  void handle(const Gil& gil, WebSocketConnect event);
  void handle(const Gil& gil, WebSocketMessage event);
  void handle(const Gil& gil, WebSocketFault event);
  void handle(const Gil& gil, WebSocketDisconnect event);
  void handle(const Gil& gil, WebSocketSendCredit event);

  // A request or WebSocket whose task has not ended. The event loop itself refers to tasks weakly.
  struct Running {
    PyRef stream;  // an object of AsgiTypes::stream
    PyRef scope;   // as passed to the application; middleware may have changed it
    PyRef task;    // null while its first step runs
  };

  // Calls the application and leaves its task running. False with an exception set.
  bool run_application(const Gil& gil, const PyRef& stream, StreamId id, const PyRef& scope,
                       const PyRef& request_id);
  // False with an exception set.
  bool begin_without_task(const Gil& gil, const PyRef& begin, StreamId id, Running request);
  PyRef ensure_future(const Gil& gil, const PyRef& awaitable) const;
  // False with an exception set.
  bool call_when_done(const Gil& gil, const PyRef& task, const PyRef& stream) const;
  // The client disconnected before the application had ended.
  void report_client_gone(const Gil& gil, StreamId id);
  // The stream's object; null for one whose task has ended.
  PyRef find(StreamId id) const;

  Bridge& bridge_;
  std::unordered_map<StreamId, Running> running_;
};

}  // namespace sioserve::bridge
