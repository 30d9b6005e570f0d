#include "asgi-bridge/handler_queue.h"

#include <chrono>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "asgi-bridge/acknowledgement.h"
#include "asgi-bridge/coroutine.h"
#include "asgi-bridge/handler_types.h"
#include "asgi-bridge/module_state.h"
#include "asgi-bridge/simple_handler.h"
#include "asgi-bridge/type_spec.h"

namespace sioserve::bridge {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t handled_at_once = 16;  // the most events that are reported together
// Of steps that wait for nothing; then the event loop's other callbacks.
constexpr std::chrono::milliseconds longest_turn{2};

const HandlerTypes& types_of(PyObject* queue) { return module_state(Py_TYPE(queue)).handlers; }

template <typename... Arguments>
PyRef call_method(PyObject* object, const PyRef& name, Arguments*... arguments) {
  PyObject* const call[] = {object, arguments...};
  return PyRef::steal(
      PyObject_VectorcallMethod(name.get(), call, 1 + sizeof...(arguments), nullptr));
}

// An event, or a call that gives an awaitable.
struct QueuedStep {
  PyRef call{};            // null for an event
  PyRef args{}, ack_id{};  // a list that begins with the event's name; an int or None

  bool is_event() const { return !call; }
  void traverse(Visitor& visit) const {
    for (const PyRef* object : {&call, &args, &ack_id}) visit(*object);
  }
};

class HandlerQueue {
 public:
  struct Options {
    PyRef core, number, name;
    SimpleWay way;
    bool uses_database;
  };

  void set(Options options) { options_ = std::move(options); }
  const Options& options() const { return options_; }
  bool is_running() const { return running_; }
  bool has_begun() const { return begun_; }
  const PyRef& task() const { return task_; }
  const PyRef& awaited() const { return awaited_; }

  void traverse(Visitor& visit) const;
  void clear(const Gil& gil);

  // False with an exception set.
  bool add(const Gil& gil, PyObject* self, QueuedStep step);
  void wait_with(QueuedStep step) { waiting().steps.push_back(std::move(step)); }
  bool start_if_idle(const Gil& gil, PyObject* self) { return running_ || start(gil, self); }
  void add_part(QueuedStep part) { waiting().parts.push_back(std::move(part)); }
  std::vector<QueuedStep> take_steps();
  // 1 if there are steps, 0 if not, -1 with an exception set.
  int restart(const Gil& gil, PyObject* self);

  PySendResult send(const Gil& gil, PyObject* self, PyObject* value, PyObject** result);
  // Continues with `status` and `value`, as PyIter_Send() gives them, of what is awaited.
  PySendResult proceed(const Gil& gil, PyObject* self, PySendResult status, PyObject* value,
                       PyObject** result);
  // The run is over; after a failure, no other one begins.
  void end(const Gil& gil);

 private:
  // Steps behind the running one. An idle client needs no memory for them.
  struct Waiting {
    std::vector<QueuedStep> steps, parts;  // `parts` come first
  };

  // Lets a task run the steps.
  bool start(const Gil& gil, PyObject* self);
  PySendResult run(const Gil& gil, PyObject* self, PySendResult status, PyObject* value,
                   PyObject** result);
  // False with an exception set, which ends the run.
  bool begin(const Gil& gil, PyObject* self);
  bool begin_step(const Gil& gil, PyObject* self);
  bool step_returned(const Gil& gil, PyObject* self);
  bool step_raised(const Gil& gil, PyObject* self);
  bool report_handled(const Gil& gil, PyObject* self);
  // Awaits what is to be done before the next step, if anything is.
  bool look_after_step(const Gil& gil, PyObject* self);
  bool await(const Gil& gil, const PyRef& awaitable);
  PyRef begin_event(const Gil& gil, PyObject* self);
  // 1, 0, or -1 with an exception set.
  int is_cancelled(const Gil& gil, const HandlerTypes& types) const;

  Waiting& waiting() {
    if (!waiting_) waiting_ = std::make_unique<Waiting>();
    return *waiting_;
  }
  bool has_new_step() const { return step_.call || step_.args; }
  bool has_parts() const { return waiting_ && !waiting_->parts.empty(); }
  bool has_steps() const { return waiting_ && !waiting_->steps.empty(); }
  void end_step() {
    const QueuedStep step = std::exchange(step_, {});
    const PyRef acknowledgement = std::exchange(acknowledgement_, PyRef());
    const PyRef awaited = std::exchange(awaited_, PyRef());
  }

  Options options_{};
  std::unique_ptr<Waiting> waiting_;
  PyRef task_;             // of the run, from its first step on
  PyRef use_;              // DatabaseUse or null
  QueuedStep step_;        // the running one, or the first one of a run that has not begun
  PyRef acknowledgement_;  // of the running event, or null
  PyRef awaited_;          // an iterator; null between two steps
  Clock::time_point since_;
  std::uint32_t handled_ = 0;
  bool running_ = false;
  bool begun_ = false;
  bool looks_after_step_ = false;
  bool is_handled_beside_ = false;  // the event, by a task of its own, which reports it
};

void HandlerQueue::traverse(Visitor& visit) const {
  for (const PyRef* object : {&options_.core, &options_.number, &options_.name, &task_, &use_,
                              &acknowledgement_, &awaited_}) {
    visit(*object);
  }
  options_.way.traverse(visit);
  step_.traverse(visit);
  if (!waiting_) return;
  for (const QueuedStep& step : waiting_->steps) step.traverse(visit);
  for (const QueuedStep& part : waiting_->parts) part.traverse(visit);
}

void HandlerQueue::clear(const Gil& gil) {
  const Options options = std::exchange(options_, {});
  const auto waiting = std::exchange(waiting_, nullptr);
  end(gil);
}

void HandlerQueue::end(const Gil&) {
  begun_ = false;
  if (waiting_ && waiting_->steps.empty() && waiting_->parts.empty()) waiting_.reset();
  const PyRef task = std::exchange(task_, PyRef());
  const PyRef use = std::exchange(use_, PyRef());
  end_step();
}

bool HandlerQueue::add(const Gil& gil, PyObject* self, QueuedStep step) {
  if (running_) {
    waiting().steps.push_back(std::move(step));
    return true;
  }
  step_ = std::move(step);
  return start(gil, self);
}

std::vector<QueuedStep> HandlerQueue::take_steps() {
  std::vector<QueuedStep> taken;
  if (!begun_ && has_new_step()) taken.push_back(std::exchange(step_, {}));
  if (!waiting_) return taken;
  for (QueuedStep& step : std::exchange(waiting_->steps, {})) taken.push_back(std::move(step));
  return taken;
}

int HandlerQueue::restart(const Gil& gil, PyObject* self) {
  const PyRef ended = std::exchange(task_, PyRef());
  running_ = false;
  if (!has_new_step() && !has_steps()) return 0;
  return start(gil, self) ? 1 : -1;
}

bool HandlerQueue::start(const Gil&, PyObject* self) {
  const HandlerTypes& types = types_of(self);
  running_ = true;
  const PyRef task = call_method(options_.core.get(), types.start_task, self, options_.name.get());
  if (!task) return false;
  // Usually it has begun, possibly ended: then it can't be cancelled before its first step.
  if (!running_ || begun_) return true;
  task_ = task;
  return static_cast<bool>(call_method(self, types.run_waits, task.get()));
}

bool HandlerQueue::begin(const Gil&, PyObject* self) {
  const HandlerTypes& types = types_of(self);
  begun_ = true;
  since_ = Clock::now();
  if (!task_) task_ = PyRef::steal(PyObject_CallNoArgs(types.current_task.get()));
  if (!task_) return false;
  if (!options_.uses_database) return true;
  use_ = call_method(self, types.begin_database_use);
  return static_cast<bool>(use_);
}

bool HandlerQueue::await(const Gil& gil, const PyRef& awaitable) {
  awaited_ = awaitable ? await_iterator(gil, awaitable) : PyRef();
  return static_cast<bool>(awaited_);
}

// A failure of the step's own code is not one of the run: see step_raised().
bool HandlerQueue::begin_step(const Gil& gil, PyObject* self) {
  if (!has_new_step()) {
    auto& list = has_parts() ? waiting_->parts : waiting_->steps;
    step_ = std::move(list.front());
    list.erase(list.begin());
  }
  if (step_.is_event()) return await(gil, begin_event(gil, self)) || step_raised(gil, self);
  if (!report_handled(gil, self)) return false;  // the step may take long
  return await(gil, PyRef::steal(PyObject_CallNoArgs(step_.call.get()))) || step_raised(gil, self);
}

PyRef HandlerQueue::begin_event(const Gil& gil, PyObject* self) {
  const HandlerTypes& types = types_of(self);
  PyObject* const ack_id = step_.ack_id.get();
  if (ack_id != Py_None) {
    acknowledgement_ = make_acknowledgement(
        gil, types, {options_.core, PyRef::borrow(self), options_.number}, step_.ack_id);
    if (!acknowledgement_) return PyRef();
  }
  PyRef awaitable = call_simple_handler(gil, types, options_.way, step_.args, acknowledgement_);
  if (awaitable || PyErr_Occurred()) return awaitable;
  awaitable = call_method(self, types.begin_event, step_.args.get(),
                          acknowledgement_ ? acknowledgement_.get() : Py_None);
  if (awaitable.get() != Py_None) return awaitable;
  is_handled_beside_ = true;
  return types.complete;
}

bool HandlerQueue::step_returned(const Gil& gil, PyObject* self) {
  if (step_.is_event()) {
    if (acknowledgement_ && !send_if_waiting(gil, acknowledgement_)) return step_raised(gil, self);
    if (!std::exchange(is_handled_beside_, false)) ++handled_;
  }
  end_step();
  return look_after_step(gil, self);
}

bool HandlerQueue::step_raised(const Gil& gil, PyObject* self) {
  const HandlerTypes& types = types_of(self);
  const PyRef error = take_exception(gil);
  const PyRef survives =
      step_.is_event()
          ? call_method(self, types.event_failed, step_.args.get(),
                        acknowledgement_ ? acknowledgement_.get() : Py_None, error.get())
          : call_method(self, types.step_failed, step_.call.get(), error.get());
  if (!survives) return false;
  if (survives.get() != Py_True) {
    PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error.get())), error.get());
    return false;
  }
  if (step_.is_event()) ++handled_;
  end_step();
  return look_after_step(gil, self);
}

int HandlerQueue::is_cancelled(const Gil& gil, const HandlerTypes& types) const {
  const PyRef cancelling =
      PY_VERSION_HEX >= 0x030B0000
          ? PyRef::steal(PyObject_CallMethodNoArgs(task_.get(), types.cancelling.get()))
          : attribute(gil, task_, types.cancelling);
  return cancelling ? PyObject_IsTrue(cancelling.get()) : -1;
}

bool HandlerQueue::look_after_step(const Gil& gil, PyObject* self) {
  const HandlerTypes& types = types_of(self);
  if ((!has_steps() || handled_ >= handled_at_once) && !report_handled(gil, self)) return false;
  PyRef used;
  if (use_ && !has_parts()) {
    used = attribute(gil, use_, types.used);
    if (!used) return false;
  }
  const int cancelled = is_cancelled(gil, types);
  if (cancelled < 0) return false;
  const bool is_late = has_steps() && !has_parts() && Clock::now() - since_ > longest_turn;
  if (used.get() != Py_True && cancelled == 0 && !is_late) return true;
  looks_after_step_ = true;
  return await(gil,
               call_method(self, types.between_steps, used.get() == Py_True ? use_.get() : Py_None,
                           is_late ? Py_True : Py_False));
}

bool HandlerQueue::report_handled(const Gil& gil, PyObject* self) {
  if (handled_ == 0) return true;
  const PyRef count = to_py_int(gil, std::exchange(handled_, 0));
  return count && call_method(options_.core.get(), types_of(self).events_done,
                              options_.number.get(), count.get());
}

PySendResult HandlerQueue::run(const Gil& gil, PyObject* self, PySendResult status, PyObject* value,
                               PyObject** result) {
  *result = nullptr;
  for (;;) {
    if (status == PYGEN_NEXT) {
      PyRef yielded = PyRef::steal(value);
      // The handler waits, possibly for input that is read only when these have been reported.
      if (!report_handled(gil, self)) return PYGEN_ERROR;
      *result = yielded.release();
      return PYGEN_NEXT;
    }
    const PyRef returned = PyRef::steal(value);
    awaited_ = PyRef();
    if (std::exchange(looks_after_step_, false)) {
      if (status == PYGEN_ERROR) return PYGEN_ERROR;
      since_ = Clock::now();
    } else if (!(status == PYGEN_RETURN ? step_returned(gil, self) : step_raised(gil, self))) {
      return PYGEN_ERROR;
    }
    while (!awaited_) {
      if (!has_new_step() && !has_parts() && !has_steps()) {
        if (use_ && PyObject_SetAttr(use_.get(), types_of(self).closed.get(), Py_True) != 0) {
          return PYGEN_ERROR;
        }
        *result = none().release();
        return PYGEN_RETURN;
      }
      if (!begin_step(gil, self)) return PYGEN_ERROR;
    }
    const PyRef awaited = awaited_;
    status = PyIter_Send(awaited.get(), Py_None, &value);
  }
}

PySendResult HandlerQueue::proceed(const Gil& gil, PyObject* self, PySendResult status,
                                   PyObject* value, PyObject** result) {
  const PySendResult proceeded = run(gil, self, status, value, result);
  if (proceeded == PYGEN_NEXT) return proceeded;
  PyObject *type, *error, *traceback;
  PyErr_Fetch(&type, &error, &traceback);
  running_ = proceeded == PYGEN_ERROR;
  end(gil);
  PyErr_Restore(type, error, traceback);
  return proceeded;
}

PySendResult HandlerQueue::send(const Gil& gil, PyObject* self, PyObject* value,
                                PyObject** result) {
  *result = nullptr;
  if (!running_ || !options_.core) {
    PyErr_SetString(PyExc_RuntimeError, "this connection has nothing to do");
    return PYGEN_ERROR;
  }
  if (!begun_) {
    looks_after_step_ = true;  // nothing has been awaited
    return proceed(gil, self, begin(gil, self) ? PYGEN_RETURN : PYGEN_ERROR, nullptr, result);
  }
  const PyRef awaited = awaited_;
  if (!awaited) {
    PyErr_SetString(PyExc_ValueError, "coroutine already executing");
    return PYGEN_ERROR;
  }
  since_ = Clock::now();
  PyObject* got = nullptr;
  const PySendResult status = PyIter_Send(awaited.get(), value, &got);
  return proceed(gil, self, status, got, result);
}

// --- The type ---

HandlerQueue& queue_of(PyObject* self) { return unbox<HandlerQueue>(self); }

PyObject* queue_new(PyTypeObject* type, PyObject*, PyObject*) {
  return make_object<HandlerQueue>(Gil::held_by_caller(), type).release();
}

int queue_init(PyObject* self, PyObject* args, PyObject*) {
  PyObject *core, *number, *name, *socket, *simple_events, *logger;
  int uses_database = 0;
  if (!PyArg_ParseTuple(args, "OO!UOO!Op:HandlerQueue", &core, &PyLong_Type, &number, &name,
                        &socket, &PyDict_Type, &simple_events, &logger, &uses_database)) {
    return -1;
  }
  if (!module_state(Py_TYPE(self)).handlers.prepare(Gil::held_by_caller())) return -1;
  queue_of(self).set(
      {PyRef::borrow(core), PyRef::borrow(number), PyRef::borrow(name),
       SimpleWay{PyRef::borrow(socket), PyRef::borrow(simple_events), PyRef::borrow(logger)},
       uses_database != 0});
  return 0;
}

PyObject* queue_add(PyObject* self, PyObject* call) {
  const bool added =
      queue_of(self).add(Gil::held_by_caller(), self, QueuedStep{PyRef::borrow(call)});
  return added ? none().release() : nullptr;
}

PyObject* queue_add_part(PyObject* self, PyObject* call) {
  queue_of(self).add_part(QueuedStep{PyRef::borrow(call)});
  return none().release();
}

PyObject* queue_take_steps(PyObject* self, PyObject*) {
  PyRef calls = PyRef::steal(PyList_New(0));
  Py_ssize_t events = 0;
  for (const QueuedStep& step : queue_of(self).take_steps()) {
    if (step.is_event()) {
      ++events;
    } else if (!calls || PyList_Append(calls.get(), step.call.get()) != 0) {
      return nullptr;
    }
  }
  return calls ? Py_BuildValue("Nn", calls.release(), events) : nullptr;
}

PyObject* queue_restart(PyObject* self, PyObject*) {
  const int restarted = queue_of(self).restart(Gil::held_by_caller(), self);
  return restarted < 0 ? nullptr : PyBool_FromLong(restarted);
}

PyObject* queue_core(PyObject* self, void*) {
  return PyRef(queue_of(self).options().core).release();
}

PyObject* queue_number(PyObject* self, void*) {
  return PyRef(queue_of(self).options().number).release();
}

PyObject* queue_is_running(PyObject* self, void*) {
  return PyBool_FromLong(queue_of(self).is_running() ? 1 : 0);
}

PyObject* queue_has_begun(PyObject* self, void*) {
  return PyBool_FromLong(queue_of(self).has_begun() ? 1 : 0);
}

PyObject* queue_task(PyObject* self, void*) {
  PyRef task = queue_of(self).task();
  return task ? task.release() : none().release();
}

// --- A connection as the coroutine of its task ---

PySendResult queue_send_slot(PyObject* self, PyObject* value, PyObject** result) {
  const PyRef kept_alive = PyRef::borrow(self);
  return queue_of(self).send(Gil::held_by_caller(), self, value, result);
}

PyObject* queue_throw(PyObject* self, PyObject* args) {
  const Gil gil = Gil::held_by_caller();
  const PyRef kept_alive = PyRef::borrow(self);
  HandlerQueue& queue = queue_of(self);
  const PyRef awaited = queue.awaited();
  if (!awaited) return throw_here(gil, args).release();
  PyRef value = throw_into(gil, awaited, args);
  PySendResult status = PYGEN_NEXT;
  if (!value) {
    value = take_returned_value(gil);
    status = value ? PYGEN_RETURN : PYGEN_ERROR;
  }
  PyObject* result = nullptr;
  status = queue.proceed(gil, self, status, value.release(), &result);
  return result_of_send(status, result);
}

PyObject* queue_close(PyObject* self, PyObject*) {
  const PyRef awaited = queue_of(self).awaited();
  queue_of(self).end(Gil::held_by_caller());
  if (!awaited || PyObject_HasAttrString(awaited.get(), "close") == 0) return none().release();
  return PyObject_CallMethod(awaited.get(), "close", nullptr);
}

// Of the coroutine that is awaited; None if there is none.
PyObject* awaited_attribute(PyObject* self, void* name) {
  const PyRef awaited = queue_of(self).awaited();
  PyObject* const found =
      awaited ? PyObject_GetAttrString(awaited.get(), static_cast<const char*>(name)) : nullptr;
  if (found != nullptr) return found;
  PyErr_Clear();
  return none().release();
}

PyObject* awaited_name(PyObject* self, void* name) {
  PyRef found = PyRef::steal(awaited_attribute(self, name));
  return found.get() != Py_None ? found.release() : PyUnicode_FromString("Connection");
}

const Property queue_properties[] = {
    Property::read_by<&queue_core>("core"),
    Property::read_by<&queue_number>("number"),
    Property::read_by<&queue_is_running>("is_running"),
    Property::read_by<&queue_has_begun>("has_begun"),
    Property::read_by<&queue_task>("task"),
    Property::read_by<&awaited_name>("__name__", "__name__"),
    Property::read_by<&awaited_name>("__qualname__", "__qualname__"),
    Property::read_by<&awaited_attribute>("cr_await", "cr_await"),
    Property::read_by<&awaited_attribute>("cr_code", "cr_code"),
    Property::read_by<&awaited_attribute>("cr_frame", "cr_frame"),
    Property::read_by<&awaited_attribute>("cr_origin", "cr_origin"),
    Property::read_by<&awaited_attribute>("cr_running", "cr_running"),
};

const Method queue_methods[] = {
    Method::one_argument<&queue_add>("add"),
    Method::one_argument<&queue_add_part>("add_part"),
    Method::no_arguments<&queue_take_steps>("take_steps"),
    Method::no_arguments<&queue_restart>("restart"),
    Method::one_argument<&send_method<&queue_send_slot>>("send"),
    Method::positional<&queue_throw>("throw"),
    Method::no_arguments<&queue_close>("close"),
};

}  // namespace

PyRef make_handler_queue_type(const Gil& gil, PyObject* module) {
  static PropertyTable all_properties{queue_properties};
  static MethodTable all_methods{queue_methods};
  return make_box_type<HandlerQueue>(
      gil, module, "_sioserve.HandlerQueue", Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
      with_coroutine_slots<&queue_send_slot>(
          {Slot::function<&queue_new>(Py_tp_new), Slot::function<&queue_init>(Py_tp_init),
           Slot::methods(all_methods), Slot::properties(all_properties)}));
}

bool handle_event(const Gil& gil, PyObject* connection, PyObject* args, PyObject* ack_id) {
  return queue_of(connection)
      .add(gil, connection, {PyRef(), PyRef::borrow(args), PyRef::borrow(ack_id)});
}

bool handle_events(const Gil& gil, PyObject* connection, PyObject* events) {
  HandlerQueue& queue = queue_of(connection);
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(events); ++i) {
    PyObject *args, *ack_id;
    if (!PyArg_ParseTuple(PyList_GET_ITEM(events, i), "OO", &args, &ack_id)) return false;
    queue.wait_with({PyRef(), PyRef::borrow(args), PyRef::borrow(ack_id)});
  }
  return queue.start_if_idle(gil, connection);
}

}  // namespace sioserve::bridge
