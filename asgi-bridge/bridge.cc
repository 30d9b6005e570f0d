#include "asgi-bridge/bridge.h"

#include <chrono>
#include <iterator>
#include <utility>
#include <variant>

#include "asgi-bridge/future.h"
#include "asgi-bridge/guard.h"
#include "server/port/command_queue.h"

namespace sioserve::bridge {
namespace {

// How old the oldest command may be before an emit in the event loop's own thread has to wait. It
// is more than in other threads, because nothing else runs on the loop meanwhile.
constexpr std::chrono::milliseconds max_age_in_loop = 10 * port::CommandQueue::max_age;

// How long the thread waits for an answer while it keeps the GIL. The I/O thread does not need the
// GIL and usually answers sooner. A thread that releases the GIL may wait milliseconds to get it
// back.
constexpr std::chrono::microseconds wait_with_gil{500};

}  // namespace

Bridge::Bridge(const Gil& gil, Port& port, AsgiTypes types, Application application)
    : port_(port),
      types_(std::move(types)),
      application_(std::move(application)),
      names_(gil),
      loggers_(gil),
      scopes_(gil, names_, application_.root_path, application_.state, application_.extensions),
      tasks_(names_),
      asgi_(*this),
      socket_io_(*this) {}

bool Bridge::start(const Gil& gil, PyRef loop, PyRef on_stopped, std::span<const Watched> watched) {
  loop_ = std::move(loop);
  on_stopped_ = std::move(on_stopped);
  for (const auto& [descriptor, callback] : watched) {
    const PyRef added = PyRef::steal(
        PyObject_CallMethod(loop_.get(), "add_reader", "iO", descriptor, callback.get()));
    if (!added) {
      const PyRef error = take_exception(gil);
      undo_start(gil);
      PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error.get())), error.get());
      return false;
    }
    watched_.push_back(descriptor);
  }
  tasks_.set_loop(gil, loop_, types_.step_keeper, types_.task_keeper);
  loop_thread_ = std::this_thread::get_id();
  return true;
}

void Bridge::undo_start(const Gil& gil) {
  stop_watching(gil);
  loop_ = PyRef();
  on_stopped_ = PyRef();
}

void Bridge::stop_watching(const Gil& gil) {
  tasks_.release(gil);
  for (const int descriptor : std::exchange(watched_, {})) {
    PyRef::steal(PyObject_CallMethod(loop_.get(), "remove_reader", "i", descriptor));
    if (PyErr_Occurred()) PyErr_WriteUnraisable(loop_.get());
  }
}

Bridge::Drained Bridge::drain(const Gil& gil, std::chrono::milliseconds budget) {
  const TaskStarter::LoopCallback in_callback(tasks_);
  const auto end = std::chrono::steady_clock::now() + budget;
  for (;;) {
    if (next_event_ == batch_.size()) {
      next_event_ = 0;
      port_.take_events(batch_);
      if (batch_.empty()) return Drained::all;
    }
    // Handlers move their event out of the batch before they call Python: if the application runs a
    // nested event loop, drain() is called again in the meantime.
    Event& event = batch_[next_event_++];
    // If one handler fails, the other events are still handled.
    attempt(gil, [&] {
      std::visit([&](auto& group) { handle(gil, group); }, event);
      return true;
    });
    if (PyErr_Occurred()) {
      const PyRef error = take_exception(gil);
      loggers_.exception(gil, "Exception while handling an event", error.get());
    }
    if (std::chrono::steady_clock::now() >= end) return Drained::some;
  }
}

std::optional<SocketEvent> Bridge::take_next_event_of(SocketId socket) {
  if (next_event_ == batch_.size()) return std::nullopt;
  auto* const group = std::get_if<SocketIoEvent>(&batch_[next_event_]);
  auto* const event = group == nullptr ? nullptr : std::get_if<SocketEvent>(group);
  if (event == nullptr || event->socket != socket) return std::nullopt;
  ++next_event_;
  return std::move(*event);
}

std::optional<WebSocketMessage> Bridge::take_next_message_of(StreamId stream) {
  if (next_event_ == batch_.size()) return std::nullopt;
  auto* const group = std::get_if<WebSocketEvent>(&batch_[next_event_]);
  auto* const message = group == nullptr ? nullptr : std::get_if<WebSocketMessage>(group);
  if (message == nullptr || message->stream != stream) return std::nullopt;
  ++next_event_;
  return std::move(*message);
}

void Bridge::log_pending(const Gil& gil) {
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
  if (auto answer = port_.answers().wait_for(id, wait_with_gil)) return std::move(*answer);
  const GilRelease release(gil);
  return port_.answers().wait(id);
}

void Bridge::post_paced(const Gil& gil, Command command) {
  if (process_ != fork_generation()) return;
  const bool in_loop = std::this_thread::get_id() == loop_thread_;
  const std::chrono::milliseconds age = in_loop ? max_age_in_loop : port::CommandQueue::max_age;
  if (port_.is_overloaded(age)) {
    const GilRelease release(gil);
    port_.wait_for_space(age);
  }
  port_.post(std::move(command));
}

PyRef Bridge::space(const Gil&) {
  if (std::this_thread::get_id() != loop_thread_ || !loop_) return none();
  if (!port_.notify_of_space()) return none();
  PyRef future = PyRef::steal(PyObject_CallMethodNoArgs(loop_.get(), names_.create_future.get()));
  if (future) room_futures_.push_back(future);
  return future;
}

void Bridge::release_all(const Gil& gil) {
  asgi_.release_all(gil);
  tasks_.release(gil);
  socket_io_.release_all(gil);
  // Moved to a local first: releasing these objects may run Python code.
  const auto futures = std::exchange(room_futures_, {});
}

// names_ is left out: it contains only str.
void Bridge::traverse(Visitor& visit) const {
  types_.traverse(visit);
  application_.traverse(visit);
  scopes_.traverse(visit);
  visit(loop_);
  visit(on_stopped_);
  loggers_.traverse(visit);
  tasks_.traverse(visit);
  asgi_.traverse(visit);
  socket_io_.traverse(visit);
  for (const PyRef& future : room_futures_) visit(future);
}

void Bridge::clear(const Gil& gil) {
  release_all(gil);
  scopes_.clear(gil);
  const PyRef loop = std::exchange(loop_, PyRef());
  const PyRef on_stopped = std::exchange(on_stopped_, PyRef());
  const Application application =
      std::exchange(application_, Application{none(), none(), PyRef(), PyRef(), none(), none(),
                                              none(), none(), "", application_.request_id});
}

void Bridge::handle(const Gil& gil, ServerEvent& event) {
  std::visit([&](auto& alternative) { handle(gil, std::move(alternative)); }, event);
}

void Bridge::handle(const Gil& gil, LogRecord event) {
  loggers_.log(gil, application_.request_id, application_.dispatcher, event);
}

void Bridge::handle(const Gil& gil, AccessEntry event) {
  loggers_.log(gil, application_.request_id, event);
}

// drain() logs an exception of the callback.
void Bridge::handle(const Gil&, RequestLimitReached) {
  const PyRef call = std::exchange(application_.max_requests_reached, none());
  if (call.get() != Py_None) PyRef::steal(PyObject_CallNoArgs(call.get()));
}

void Bridge::handle(const Gil& gil, CommandQueueHasSpace) {
  for (const PyRef& future : std::exchange(room_futures_, {})) set_done(gil, names_, future);
}

void Bridge::handle(const Gil&, StopBegun) {
  const PyRef call = std::exchange(application_.stop_begun, none());
  if (call.get() != Py_None) PyRef::steal(PyObject_CallNoArgs(call.get()));
}

// Comes again where the I/O process ends too.
void Bridge::handle(const Gil& gil, ServerStopped) {
  if (!on_stopped_) return;
  handle(gil, CommandQueueHasSpace{});  // wakes all emits that wait
  // The loop, and whatever refers to the server in turn, keep it alive no longer.
  stop_watching(gil);
  const PyRef on_stopped = std::exchange(on_stopped_, PyRef());
  const PyRef app = std::exchange(application_.app, none());
  const PyRef dispatcher = std::exchange(application_.dispatcher, none());
  const PyRef client_gone = std::exchange(application_.client_gone, none());
  const PyRef max_requests_reached = std::exchange(application_.max_requests_reached, none());
  const PyRef stop_begun = std::exchange(application_.stop_begun, none());
  PyRef::steal(PyObject_CallNoArgs(on_stopped.get()));
}

}  // namespace sioserve::bridge
