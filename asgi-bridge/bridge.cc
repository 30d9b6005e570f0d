#include "asgi-bridge/bridge.h"

#include <chrono>
#include <iterator>
#include <utility>
#include <variant>

#include "asgi-bridge/access_entry.h"
#include "asgi-bridge/future.h"
#include "asgi-bridge/guard.h"
#include "asgi-bridge/http_stream.h"
#include "asgi-bridge/json.h"
#include "asgi-bridge/request_context.h"
#include "asgi-bridge/session_status.h"
#include "asgi-bridge/websocket_stream.h"
#include "server/port/command_queue.h"

namespace sioserve::bridge {
namespace {

const char* name_of(AckLoss why) {
  switch (why) {
    case AckLoss::not_sent:
      return "not sent";
    case AckLoss::forgotten:
      return "forgotten";
    case AckLoss::unread:
      return "unread";
  }
  __builtin_unreachable();
}

// How old the oldest command may be before an emit in the event loop's own thread, which holds up
// everything else there, is held up.
constexpr std::chrono::milliseconds max_age_in_loop = 5 * port::CommandQueue::max_age;

// How long an answer is awaited with the GIL. The I/O thread, which needs none, mostly answers
// sooner; whoever gives the GIL up may wait for milliseconds until another thread gives it back.
constexpr std::chrono::microseconds patience_with_gil{500};

}  // namespace

Bridge::Bridge(const Gil& gil, Port& port, AsgiTypes types, Application application)
    : port_(port),
      types_(std::move(types)),
      application_(std::move(application)),
      names_(gil),
      scopes_(gil, names_, application_.root_path, application_.state, application_.extensions) {
  const PyRef get_logger = import_attribute(gil, "logging", "getLogger");
  for (std::size_t i = 0; get_logger && i < log_category_names.size(); ++i) {
    loggers_[i] = PyRef::steal(PyObject_CallFunction(get_logger.get(), "s", log_category_names[i]));
    if (!loggers_[i]) names_.complete = false;
  }
  if (!get_logger) names_.complete = false;
}

bool Bridge::start(const Gil& gil, PyRef loop, PyRef on_stopped, PyRef drain, int descriptor) {
  const PyRef added =
      PyRef::steal(PyObject_CallMethod(loop.get(), "add_reader", "iO", descriptor, drain.get()));
  if (!added) return false;
  loop_ = std::move(loop);
  on_stopped_ = std::move(on_stopped);
  descriptor_ = descriptor;
  loop_thread_ = std::this_thread::get_id();
  static_cast<void>(gil);
  return true;
}

void Bridge::take_back_start(const Gil& gil) {
  stop_watching(gil);
  loop_ = PyRef();
  on_stopped_ = PyRef();
}

void Bridge::stop_watching(const Gil&) {
  PyRef::steal(PyObject_CallMethod(loop_.get(), "remove_reader", "i", descriptor_));
  if (PyErr_Occurred()) PyErr_WriteUnraisable(loop_.get());
}

Bridge::Drained Bridge::drain(const Gil& gil, std::chrono::milliseconds budget) {
  const auto end = std::chrono::steady_clock::now() + budget;
  for (;;) {
    if (next_event_ == batch_.size()) {
      next_event_ = 0;
      port_.take_events(batch_);
      if (batch_.empty()) return Drained::all;
    }
    // Handlers take their event by value, out of the batch, before they call Python: an application
    // that runs a nested event loop gets here again meanwhile.
    Event& event = batch_[next_event_++];
    // One that fails leaves the others.
    attempt(gil, [&] {
      std::visit([&](auto& group) { handle(gil, group); }, event);
      return true;
    });
    if (PyErr_Occurred()) {
      const PyRef error = take_exception(gil);
      log_exception(gil, "Exception while handling an event", error.get());
    }
    if (std::chrono::steady_clock::now() >= end) return Drained::some;
  }
}

void Bridge::log_what_waits(const Gil& gil) {
  std::vector<Event> waiting(std::make_move_iterator(batch_.begin() + next_event_),
                             std::make_move_iterator(batch_.end()));
  batch_.clear();
  next_event_ = 0;
  do {
    for (Event& event : waiting) {
      auto* group = std::get_if<ServerEvent>(&event);
      if (group == nullptr) continue;
      attempt(gil, [&] {
        if (auto* record = std::get_if<LogRecord>(group)) handle(gil, std::move(*record));
        if (auto* entry = std::get_if<AccessEntry>(group)) handle(gil, std::move(*entry));
        return true;
      });
      if (PyErr_Occurred()) PyErr_WriteUnraisable(nullptr);
    }
    port_.take_events(waiting);
  } while (!waiting.empty());
}

Answer Bridge::ask_any(const Gil& gil, Question question) {
  const QuestionId id = port_.ask(std::move(question));
  if (auto answer = port_.answers().wait_for(id, patience_with_gil)) return std::move(*answer);
  const GilRelease release(gil);
  return port_.answers().wait(id);
}

void Bridge::post_paced(const Gil& gil, Command command) {
  if (process_ != fork_generation()) return;
  const bool in_loop = std::this_thread::get_id() == loop_thread_;
  const std::chrono::milliseconds age = in_loop ? max_age_in_loop : port::CommandQueue::max_age;
  if (port_.is_crowded(age)) {
    const GilRelease release(gil);
    port_.wait_for_room(age);
  }
  port_.post(std::move(command));
}

PyRef Bridge::room(const Gil&) {
  if (std::this_thread::get_id() != loop_thread_ || !loop_) return none();
  if (!port_.tell_of_room()) return none();
  PyRef future = PyRef::steal(PyObject_CallMethodNoArgs(loop_.get(), names_.create_future.get()));
  if (future) room_futures_.push_back(future);
  return future;
}

void Bridge::let_go(const Gil&) {
  // Taken out first: what they refer to may run Python code when it goes.
  const auto running = std::exchange(running_, {});
  const auto scopes = std::exchange(handed_over_scopes_, {});
  const auto futures = std::exchange(room_futures_, {});
}

void Application::traverse(Visitor& visit) const {
  for (const PyRef* reference : {&app, &dispatcher, &state, &extensions, &json_default,
                                 &client_gone, &max_requests_reached, &request_id}) {
    visit(*reference);
  }
}

// All but names_, which are str.
void Bridge::traverse(Visitor& visit) const {
  types_.traverse(visit);
  application_.traverse(visit);
  scopes_.traverse(visit);
  visit(loop_);
  visit(on_stopped_);
  for (const PyRef& logger : loggers_) visit(logger);
  for (const auto& [id, running] : running_) {
    visit(running.stream);
    visit(running.scope);
    visit(running.task);
  }
  for (const auto& [id, scope] : handed_over_scopes_) visit(scope);
  for (const PyRef& future : room_futures_) visit(future);
}

void Bridge::clear(const Gil& gil) {
  let_go(gil);
  scopes_.clear(gil);
  const PyRef loop = std::exchange(loop_, PyRef());
  const PyRef on_stopped = std::exchange(on_stopped_, PyRef());
  const Application application =
      std::exchange(application_, Application{none(), none(), PyRef(), PyRef(), none(), none(),
                                              none(), "", application_.request_id});
}

PyRef Bridge::running_tasks(const Gil&) const {
  PyRef list = PyRef::steal(PyList_New(0));
  if (!list) return PyRef();
  for (const auto& [id, running] : running_) {
    const PyRef pair = PyRef::steal(PyTuple_Pack(2, running.task.get(), running.scope.get()));
    if (!pair || PyList_Append(list.get(), pair.get()) != 0) return PyRef();
  }
  return list;
}

void Bridge::handle(const Gil& gil, HttpEvent& event) {
  std::visit([&](auto& alternative) { handle(gil, std::move(alternative)); }, event);
}

void Bridge::handle(const Gil& gil, WebSocketEvent& event) {
  std::visit([&](auto& alternative) { handle(gil, std::move(alternative)); }, event);
}

void Bridge::handle(const Gil& gil, HandshakeEvent& event) {
  std::visit([&](auto& alternative) { handle(gil, std::move(alternative)); }, event);
}

void Bridge::handle(const Gil& gil, SocketIoEvent& event) {
  std::visit([&](auto& alternative) { handle(gil, std::move(alternative)); }, event);
}

void Bridge::handle(const Gil& gil, ServerEvent& event) {
  std::visit([&](auto& alternative) { handle(gil, std::move(alternative)); }, event);
}

void Bridge::handle(const Gil& gil, HttpRequest event) {
  const StreamId id = event.stream;
  const PyRef request_id = to_py_str(gil, event.head->request_id);
  const RequestIdScope in_request(gil, application_.request_id, request_id);
  const bool runs = attempt(gil, [&] {
    const PyRef scope = scopes_.http(gil, *event.head, event.endpoints, request_id);
    const PyRef stream =
        types_.make_stream(gil, PyRef::borrow(owner_), std::make_unique<HttpStream>(*this, event));
    return scope && stream && run_application(gil, stream, id, scope);
  });
  if (!runs) {
    const PyRef error = take_exception(gil);
    log_exception(gil, "Exception in ASGI application", error.get());
    post(HttpFail{id});
  }
}

void Bridge::handle(const Gil& gil, HttpBody event) {
  if (AsgiStream* stream = find(event.stream)) {
    static_cast<HttpStream*>(stream)->on_body(gil, std::move(event));
  } else if (event.more_body) {
    // Nobody will read the rest: let it pass.
    post(HttpBodyConsumed{event.stream, event.body.size()});
  }
}

void Bridge::handle(const Gil& gil, HttpDisconnect event) {
  handed_over_scopes_.erase(event.stream);  // too late to be handed over
  if (AsgiStream* stream = find(event.stream)) {
    auto* http = static_cast<HttpStream*>(stream);
    const bool reported = http->abandoned();
    const bool responded = http->responded();
    http->on_disconnect(gil);
    // What an application does behind its response is its own business.
    if (!responded && !reported) report_client_gone(gil, event.stream);
  }
}

void Bridge::handle(const Gil& gil, HttpAbandoned event) {
  if (AsgiStream* stream = find(event.stream)) {
    auto* http = static_cast<HttpStream*>(stream);
    http->on_abandoned(gil);
    if (!http->responded()) report_client_gone(gil, event.stream);
  }
}

void Bridge::handle(const Gil& gil, HttpTimedOut event) {
  handle(gil, HttpDisconnect{event.stream});
  const auto found = running_.find(event.stream);
  if (found == running_.end()) return;
  const PyRef task = found->second.task;
  PyRef::steal(PyObject_CallMethod(task.get(), "cancel", nullptr));
}

void Bridge::handle(const Gil& gil, WebSocketConnect event) {
  const PyRef request_id = to_py_str(gil, event.head->request_id);
  const RequestIdScope in_request(gil, application_.request_id, request_id);
  const bool runs = attempt(gil, [&] {
    const PyRef scope =
        scopes_.websocket(gil, *event.head, event.endpoints, event.subprotocols, request_id);
    const PyRef stream = types_.make_stream(gil, PyRef::borrow(owner_),
                                            std::make_unique<WebSocketStream>(*this, event.stream));
    return scope && stream && run_application(gil, stream, event.stream, scope);
  });
  if (!runs) {
    const PyRef error = take_exception(gil);
    log_exception(gil, "Exception in ASGI application", error.get());
    post(WebSocketFail{event.stream});
  }
}

void Bridge::handle(const Gil& gil, WebSocketMessage event) {
  if (AsgiStream* stream = find(event.stream)) {
    static_cast<WebSocketStream*>(stream)->on_message(gil, std::move(event));
  }
}

void Bridge::handle(const Gil& gil, WebSocketDisconnect event) {
  handed_over_scopes_.erase(event.stream);  // too late to be handed over
  if (AsgiStream* stream = find(event.stream)) {
    static_cast<WebSocketStream*>(stream)->on_disconnect(gil, std::move(event));
    report_client_gone(gil, event.stream);
  }
}

void Bridge::handle(const Gil& gil, HttpSendCredit event) {
  if (AsgiStream* stream = find(event.stream)) stream->credit(gil, event.bytes);
}

void Bridge::handle(const Gil& gil, WebSocketSendCredit event) {
  if (AsgiStream* stream = find(event.stream)) stream->credit(gil, event.bytes);
}

void Bridge::handle(const Gil& gil, HandshakeAsked event) {
  const auto handed_over = handed_over_scopes_.find(event.stream);
  dispatch(gil, names_.handshake,
           {to_py_int(gil, static_cast<std::uint64_t>(event.stream)),
            handed_over != handed_over_scopes_.end()
                ? handed_over->second
                : engine_io_scope(gil, event.head, event.endpoints)});
}

void Bridge::handle(const Gil& gil, SessionOpened event) {
  dispatch(gil, names_.session_opened,
           {to_py_int(gil, static_cast<std::uint64_t>(event.session)),
            engine_io_scope(gil, event.head, event.endpoints)});
}

PyRef Bridge::engine_io_scope(const Gil& gil, const RequestHead& head, const Endpoints& endpoints) {
  const bool is_websocket = find_query_parameter(head.query_string, "transport") == "websocket";
  const PyRef request_id = to_py_str(gil, head.request_id);
  return is_websocket ? scopes_.websocket(gil, head, endpoints, {}, request_id)
                      : scopes_.http(gil, head, endpoints, request_id);
}

void Bridge::handle(const Gil& gil, SessionClosed event) {
  // One that was handed over and never connected to a namespace is unknown to the dispatcher.
  if (handed_over_scopes_.erase(event.session) == 0) {
    dispatch(gil, names_.session_closed,
             {to_py_int(gil, static_cast<std::uint64_t>(event.session)),
              to_py_status(gil, event.status)});
  }
  post(SessionReleased{event.session});
}

void Bridge::handle(const Gil& gil, SocketConnect event) {
  announce_session(gil, event.session);
  dispatch(
      gil, names_.connect,
      {to_py_int(gil, static_cast<std::uint64_t>(event.socket)),
       to_py_int(gil, static_cast<std::uint64_t>(event.session)), to_py_str(gil, event.id),
       to_py_str(gil, event.name_space), to_python(gil, event.auth),
       event.recovered ? to_py_int(gil, static_cast<std::uint64_t>(*event.recovered)) : none()});
}

void Bridge::handle(const Gil& gil, SocketEvent event) {
  dispatch(gil, names_.event,
           {to_py_int(gil, static_cast<std::uint64_t>(event.socket)), to_python(gil, event.args),
            event.ack_id ? to_py_int(gil, *event.ack_id) : none()});
}

void Bridge::handle(const Gil& gil, SocketAcknowledged event) {
  dispatch(gil, names_.acknowledged,
           {to_py_int(gil, static_cast<std::uint64_t>(event.socket)),
            to_py_int(gil, event.callback_id), to_python(gil, event.args)});
}

void Bridge::handle(const Gil& gil, SocketDisconnect event) {
  dispatch(gil, names_.disconnect,
           {to_py_int(gil, static_cast<std::uint64_t>(event.socket)), to_py_str(gil, event.reason),
            to_py_str(gil, event.reference_reason),
            PyRef::steal(PyBool_FromLong(event.may_return ? 1 : 0))});
  // Nobody else would.
  if (application_.dispatcher.get() == Py_None) post(SocketReleased{event.socket});
}

void Bridge::handle(const Gil& gil, SocketAcksLost event) {
  dispatch(gil, names_.acks_lost,
           {to_py_int(gil, static_cast<std::uint64_t>(event.socket)),
            to_python(gil, Json(event.callback_ids)), to_py_str(gil, name_of(event.why))});
}

void Bridge::handle(const Gil& gil, SocketForgotten event) {
  dispatch(gil, names_.forgotten, {to_py_int(gil, static_cast<std::uint64_t>(event.socket))});
}

void Bridge::handle(const Gil& gil, SessionSignalled event) {
  const char* const signal = event.signal == SessionSignal::upgrade ? "upgrade" : "drain";
  dispatch(gil, names_.signalled,
           {to_py_int(gil, static_cast<std::uint64_t>(event.session)), to_py_str(gil, signal)});
}

void Bridge::handle(const Gil& gil, LogRecord event) {
  const RequestIdScope in_request(
      gil, application_.request_id,
      event.request_id.empty() ? PyRef() : to_py_str(gil, event.request_id));
  const PyRef& logger = loggers_[static_cast<std::size_t>(event.category)];
  const PyRef message = to_py_str(gil, event.message);
  if (!message) return;
  PyRef::steal(PyObject_CallMethod(logger.get(), "log", "isO", static_cast<int>(event.level), "%s",
                                   message.get()));
}

void Bridge::handle(const Gil& gil, AccessEntry event) {
  const RequestIdScope in_request(gil, application_.request_id,
                                  to_py_str(gil, event.record.head->request_id));
  log_access(gil, loggers_[static_cast<std::size_t>(LogCategory::access)], event);
}

// drain() reports what it raises.
void Bridge::handle(const Gil&, RequestLimitReached) {
  const PyRef call = std::exchange(application_.max_requests_reached, none());
  if (call.get() != Py_None) PyRef::steal(PyObject_CallNoArgs(call.get()));
}

void Bridge::handle(const Gil& gil, RoomForCommands) {
  for (const PyRef& future : std::exchange(room_futures_, {})) set_done(gil, names_, future);
}

void Bridge::handle(const Gil& gil, ServerStopped) {
  handle(gil, RoomForCommands{});  // nobody is to wait any longer
  // The loop, and whatever refers to the server in turn, keep it alive no longer.
  stop_watching(gil);
  const PyRef on_stopped = std::exchange(on_stopped_, PyRef());
  const PyRef app = std::exchange(application_.app, none());
  const PyRef dispatcher = std::exchange(application_.dispatcher, none());
  const PyRef client_gone = std::exchange(application_.client_gone, none());
  const PyRef max_requests_reached = std::exchange(application_.max_requests_reached, none());
  PyRef::steal(PyObject_CallNoArgs(on_stopped.get()));
}

bool Bridge::run_application(const Gil& gil, const PyRef& stream, StreamId id, const PyRef& scope) {
  const PyRef receive = types_.make_receive(gil, stream);
  const PyRef send = types_.make_send(gil, stream);
  if (!receive || !send) return false;
  const PyRef coroutine = PyRef::steal(PyObject_CallFunctionObjArgs(
      application_.app.get(), scope.get(), receive.get(), send.get(), nullptr));
  if (!coroutine) return false;
  PyRef task = make_task(gil, coroutine);
  if (!task) return false;
  const PyRef added = PyRef::steal(
      PyObject_CallMethodOneArg(task.get(), names_.add_done_callback.get(), stream.get()));
  if (!added) return false;
  running_.emplace(id, Running{stream, scope, std::move(task)});
  return true;
}

PyRef Bridge::make_task(const Gil& gil, const PyRef& awaitable) const {
  if (PyCoro_CheckExact(awaitable.get())) {
    return PyRef::steal(
        PyObject_CallMethodOneArg(loop_.get(), names_.create_task.get(), awaitable.get()));
  }
  // Whatever else `await` would take.
  const PyRef ensure_future = import_attribute(gil, "asyncio", "ensure_future");
  const PyRef args = PyRef::steal(PyTuple_Pack(1, awaitable.get()));
  const PyRef kwargs = PyRef::steal(Py_BuildValue("{s:O}", "loop", loop_.get()));
  if (!ensure_future || !args || !kwargs) return PyRef();
  return PyRef::steal(PyObject_Call(ensure_future.get(), args.get(), kwargs.get()));
}

void Bridge::on_task_done(const Gil& gil, StreamId id, PyObject* task) {
  const auto found = running_.find(id);
  if (found == running_.end()) return;
  const Running ended = std::move(found->second);
  running_.erase(found);
  const PyRef cancelled = PyRef::steal(PyObject_CallMethodNoArgs(task, names_.cancelled.get()));
  PyRef error;
  if (cancelled && PyObject_IsTrue(cancelled.get()) == 0) {
    error = PyRef::steal(PyObject_CallMethodNoArgs(task, names_.exception.get()));
  }
  stream_of(ended.stream).on_task_done(gil, error.get() == Py_None ? nullptr : error.get());
}

void Bridge::report_client_gone(const Gil& gil, StreamId id) {
  const auto found = running_.find(id);
  if (application_.client_gone.get() == Py_None || found == running_.end()) return;
  const PyRef result = PyRef::steal(
      PyObject_CallFunctionObjArgs(application_.client_gone.get(), found->second.task.get(),
                                   found->second.scope.get(), nullptr));
  if (result) return;
  const PyRef error = take_exception(gil);
  log_exception(gil, "Exception in client_gone", error.get());
}

void Bridge::keep_scope(const Gil&, StreamId stream, PyObject* scope) {
  handed_over_scopes_[stream] = scope == nullptr ? none() : PyRef::borrow(scope);
}

void Bridge::announce_session(const Gil& gil, SessionId session) {
  const auto found = handed_over_scopes_.find(session);
  if (found == handed_over_scopes_.end()) return;
  PyRef scope = std::move(found->second);
  handed_over_scopes_.erase(found);
  dispatch(gil, names_.session_opened,
           {to_py_int(gil, static_cast<std::uint64_t>(session)), std::move(scope)});
}

void Bridge::dispatch(const Gil& gil, const PyRef& method, std::initializer_list<PyRef> arguments) {
  PyObject* call[7] = {application_.dispatcher.get()};
  std::size_t count = 1;
  bool made = true;
  for (const PyRef& argument : arguments) {
    made = made && argument;
    call[count++] = argument.get();
  }
  if (made && application_.dispatcher.get() != Py_None) {
    PyRef::steal(PyObject_VectorcallMethod(method.get(), call, count, nullptr));
  }
  if (PyErr_Occurred()) {
    const PyRef error = take_exception(gil);
    log_exception(gil, "Exception in the Socket.IO dispatcher", error.get());
  }
}

AsgiStream* Bridge::find(StreamId id) const {
  const auto found = running_.find(id);
  return found == running_.end() ? nullptr : &stream_of(found->second.stream);
}

void Bridge::log_error(const Gil&, const char* message) const {
  PyRef::steal(PyObject_CallMethod(loggers_[0].get(), "error", "s", message));
  if (PyErr_Occurred()) PyErr_WriteUnraisable(loggers_[0].get());
}

void Bridge::log_exception(const Gil&, const char* message, PyObject* error) const {
  const PyRef log = PyRef::steal(PyObject_GetAttrString(loggers_[0].get(), "error"));
  const PyRef args = PyRef::steal(Py_BuildValue("(s)", message));
  const PyRef kwargs = PyRef::steal(Py_BuildValue("{s:O}", "exc_info", error));
  if (log && args && kwargs) PyRef::steal(PyObject_Call(log.get(), args.get(), kwargs.get()));
  if (PyErr_Occurred()) PyErr_WriteUnraisable(loggers_[0].get());
}

}  // namespace sioserve::bridge
