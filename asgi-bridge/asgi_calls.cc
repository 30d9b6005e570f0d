#include "asgi-bridge/asgi_calls.h"

#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "asgi-bridge/bridge.h"
#include "asgi-bridge/guard.h"
#include "asgi-bridge/http_stream.h"
#include "asgi-bridge/message.h"
#include "asgi-bridge/request_context.h"
#include "asgi-bridge/websocket_stream.h"

namespace sioserve::bridge {
namespace {

// The task whose step runs.
PyRef current_task(const Gil& gil, PyObject* loop) {
  const PyRef function = import_attribute(gil, "asyncio", "current_task");
  return function ? PyRef::steal(PyObject_CallOneArg(function.get(), loop)) : PyRef();
}

HttpStream& http_stream_of(const PyRef& stream) {
  return static_cast<HttpStream&>(stream_of(stream));
}

WebSocketStream& websocket_stream_of(const PyRef& stream) {
  return static_cast<WebSocketStream&>(stream_of(stream));
}

}  // namespace

void AsgiCalls::handle(const Gil& gil, HttpEvent& event) {
  std::visit([&](auto& alternative) { handle(gil, std::move(alternative)); }, event);
}

void AsgiCalls::handle(const Gil& gil, WebSocketEvent& event) {
  std::visit([&](auto& alternative) { handle(gil, std::move(alternative)); }, event);
}

void AsgiCalls::handle(const Gil& gil, HttpRequest event) {
  const StreamId id = event.stream;
  const PyRef request_id = to_py_str(gil, event.head->request_id);
  const RequestIdScope in_request(gil, bridge_.application().request_id, request_id);
  const bool runs = attempt(gil, [&] {
    const PyRef scope = bridge_.scopes().http(gil, *event.head, *event.endpoints, request_id);
    const PyRef stream = bridge_.types().make_stream(gil, bridge_.owner(),
                                                     std::make_unique<HttpStream>(bridge_, event));
    return scope && stream && run_application(gil, stream, id, scope, request_id);
  });
  if (!runs) {
    const PyRef error = take_exception(gil);
    bridge_.loggers().exception(gil, "Exception in ASGI application", error.get());
    bridge_.post(HttpFail{id});
  }
}

void AsgiCalls::handle(const Gil& gil, HttpBody event) {
  if (const PyRef stream = find(event.stream)) {
    http_stream_of(stream).on_body(gil, std::move(event));
  } else if (event.more_body) {
    // The application's task has ended without reading the body: drop the rest.
    bridge_.post(HttpBodyConsumed{event.stream, event.body.size()});
  }
}

void AsgiCalls::handle(const Gil& gil, HttpDisconnect event) {
  bridge_.socket_io().drop_scope(gil, event.stream);
  if (const PyRef stream = find(event.stream)) {
    HttpStream& http = http_stream_of(stream);
    const bool reported = http.abandoned();
    const bool responded = http.responded();
    http.on_disconnect(gil);
    // After a complete response, the application's task may still run. That is not reported.
    if (!responded && !reported) report_client_gone(gil, event.stream);
  }
}

void AsgiCalls::handle(const Gil& gil, HttpAbandoned event) {
  if (const PyRef stream = find(event.stream)) {
    HttpStream& http = http_stream_of(stream);
    http.on_abandoned(gil);
    if (!http.responded()) report_client_gone(gil, event.stream);
  }
}

void AsgiCalls::handle(const Gil& gil, HttpTimedOut event) {
  handle(gil, HttpDisconnect{event.stream});
  const auto found = running_.find(event.stream);
  if (found == running_.end() || !found->second.task) return;
  const PyRef task = found->second.task;
  PyRef::steal(PyObject_CallMethod(task.get(), "cancel", nullptr));
}

void AsgiCalls::handle(const Gil& gil, HttpSendCredit event) {
  if (const PyRef stream = find(event.stream)) stream_of(stream).credit(gil, event.bytes);
}

void AsgiCalls::handle(const Gil& gil, WebSocketConnect event) {
  const PyRef request_id = to_py_str(gil, event.head->request_id);
  const RequestIdScope in_request(gil, bridge_.application().request_id, request_id);
  const bool runs = attempt(gil, [&] {
    const PyRef scope = bridge_.scopes().websocket(gil, *event.head, *event.endpoints,
                                                   event.subprotocols, request_id);
    const PyRef stream = bridge_.types().make_stream(
        gil, bridge_.owner(), std::make_unique<WebSocketStream>(bridge_, event.stream));
    return scope && stream && run_application(gil, stream, event.stream, scope, request_id);
  });
  if (!runs) {
    const PyRef error = take_exception(gil);
    bridge_.loggers().exception(gil, "Exception in ASGI application", error.get());
    bridge_.post(WebSocketFail{event.stream});
  }
}

void AsgiCalls::handle(const Gil& gil, WebSocketMessage event) {
  if (const PyRef stream = find(event.stream)) {
    websocket_stream_of(stream).on_message(gil, std::move(event));
  }
}

void AsgiCalls::handle(const Gil& gil, WebSocketFault event) {
  if (const PyRef stream = find(event.stream)) {
    websocket_stream_of(stream).on_fault(gil, std::move(event));
  }
}

void AsgiCalls::handle(const Gil& gil, WebSocketDisconnect event) {
  bridge_.socket_io().drop_scope(gil, event.stream);
  if (const PyRef stream = find(event.stream)) {
    websocket_stream_of(stream).on_disconnect(gil, std::move(event));
    report_client_gone(gil, event.stream);
  }
}

void AsgiCalls::handle(const Gil& gil, WebSocketSendCredit event) {
  if (const PyRef stream = find(event.stream)) stream_of(stream).credit(gil, event.bytes);
}

bool AsgiCalls::run_application(const Gil& gil, const PyRef& stream, StreamId id,
                                const PyRef& scope, const PyRef& request_id) {
  const PyRef receive = bridge_.types().make_receive(gil, stream);
  const PyRef send = bridge_.types().make_send(gil, stream);
  if (!receive || !send) return false;
  PyObject* const arguments[] = {scope.get(), receive.get(), send.get()};
  const PyRef coroutine =
      PyRef::steal(PyObject_Vectorcall(bridge_.application().app.get(), arguments, 3, nullptr));
  if (!coroutine) return false;
  if (!PyCoro_CheckExact(coroutine.get())) {
    const PyRef begin =
        PyRef::steal(PyObject_GetAttr(coroutine.get(), bridge_.names().begin_without_task.get()));
    if (begin) return begin_without_task(gil, begin, id, Running{stream, scope, coroutine});
    PyErr_Clear();
    PyRef task = ensure_future(gil, coroutine);
    if (!task || !call_when_done(gil, task, stream)) return false;
    running_.emplace(id, Running{stream, scope, std::move(task)});
    return true;
  }
  set_application(stream, coroutine);
  running_.emplace(id, Running{stream, scope, PyRef()});  // before it begins: it may end at once
  PyRef task = bridge_.tasks().start(gil, stream, request_id);
  const auto found = running_.find(id);
  if (!task) {
    if (found != running_.end()) running_.erase(found);
    return false;
  }
  if (found == running_.end()) return true;
  found->second.task = task;
  const auto end = stream_of(stream).application_end();
  return end != AsgiStream::End::raised || call_when_done(gil, task, stream);
}

bool AsgiCalls::begin_without_task(const Gil&, const PyRef& begin, StreamId id, Running request) {
  const PyRef stream = request.stream;
  running_.emplace(id, std::move(request));  // before it begins: it may end at once
  const PyRef begun = PyRef::steal(PyObject_CallOneArg(begin.get(), stream.get()));
  if (!begun) running_.erase(id);
  return static_cast<bool>(begun);
}

PyRef AsgiCalls::ensure_future(const Gil& gil, const PyRef& awaitable) const {
  const PyRef function = import_attribute(gil, "asyncio", "ensure_future");
  const PyRef args = PyRef::steal(PyTuple_Pack(1, awaitable.get()));
  const PyRef kwargs = PyRef::steal(Py_BuildValue("{s:O}", "loop", bridge_.loop()));
  if (!function || !args || !kwargs) return PyRef();
  return PyRef::steal(PyObject_Call(function.get(), args.get(), kwargs.get()));
}

bool AsgiCalls::call_when_done(const Gil&, const PyRef& task, const PyRef& stream) const {
  const PyRef added = PyRef::steal(
      PyObject_CallMethodOneArg(task.get(), bridge_.names().add_done_callback.get(), stream.get()));
  return static_cast<bool>(added);
}

void AsgiCalls::on_application_end(const Gil& gil, AsgiStream& stream, AsgiStream::End end) {
  stream.set_application_end(end);
  const auto found = running_.find(stream.id());
  switch (end) {
    case AsgiStream::End::returned: {
      const Running ended = found == running_.end() ? Running{} : std::move(found->second);
      if (found != running_.end()) running_.erase(found);
      stream.on_task_done(gil, nullptr);
      break;
    }
    case AsgiStream::End::raised:
      // In the first step, run_application() adds the callback.
      if (found == running_.end() || !found->second.task) break;
      if (!call_when_done(gil, found->second.task, found->second.stream))
        PyErr_WriteUnraisable(nullptr);
      break;
  }
}

void AsgiCalls::on_task_done(const Gil& gil, StreamId id, PyObject* task) {
  const auto found = running_.find(id);
  if (found == running_.end()) return;
  const Running ended = std::move(found->second);
  running_.erase(found);
  const PyRef cancelled =
      PyRef::steal(PyObject_CallMethodNoArgs(task, bridge_.names().cancelled.get()));
  PyRef error;
  if (cancelled && PyObject_IsTrue(cancelled.get()) == 0) {
    error = PyRef::steal(PyObject_CallMethodNoArgs(task, bridge_.names().exception.get()));
  }
  stream_of(ended.stream).on_task_done(gil, error.get() == Py_None ? nullptr : error.get());
}

PyRef AsgiCalls::running_tasks(const Gil& gil) const {
  // Copied first: another thread may end a request while objects are made.
  std::vector<Running> all;
  for (const auto& [id, running] : running_) all.push_back(running);
  PyRef list = PyRef::steal(PyList_New(0));
  if (!list) return PyRef();
  for (const Running& running : all) {
    const PyRef task = running.task ? running.task : current_task(gil, bridge_.loop());
    if (!task) return PyRef();
    const PyRef pair = PyRef::steal(PyTuple_Pack(2, task.get(), running.scope.get()));
    if (!pair || PyList_Append(list.get(), pair.get()) != 0) return PyRef();
  }
  return list;
}

std::string AsgiCalls::route_of(const Gil& gil, StreamId id) const {
  const Names& names = bridge_.names();
  const auto found = running_.find(id);
  if (found == running_.end()) return {};
  PyObject* const route = PyDict_GetItemWithError(found->second.scope.get(), names.route.get());
  if (route != nullptr) return text_attribute(gil, route, names.path);
  PyErr_Clear();
  return {};
}

void AsgiCalls::report_client_gone(const Gil& gil, StreamId id) {
  const auto found = running_.find(id);
  if (bridge_.application().client_gone.get() == Py_None || found == running_.end()) return;
  const Running gone = found->second;
  if (!gone.task) return;
  const PyRef result = PyRef::steal(PyObject_CallFunctionObjArgs(
      bridge_.application().client_gone.get(), gone.task.get(), gone.scope.get(), nullptr));
  if (result) return;
  const PyRef error = take_exception(gil);
  bridge_.loggers().exception(gil, "Exception in client_gone", error.get());
}

PyRef AsgiCalls::find(StreamId id) const {
  const auto found = running_.find(id);
  return found == running_.end() ? PyRef() : found->second.stream;
}

void AsgiCalls::release_all(const Gil&) {
  // Moved to a local first: releasing these objects may run Python code.
  const auto running = std::exchange(running_, {});
}

void AsgiCalls::traverse(Visitor& visit) const {
  for (const auto& [id, running] : running_) {
    visit(running.stream);
    visit(running.scope);
    visit(running.task);
  }
}

}  // namespace sioserve::bridge
