#include "asgi-bridge/task_starter.h"

#include <optional>
#include <utility>

#include "asgi-bridge/future.h"
#include "asgi-bridge/type_spec.h"

namespace sioserve::bridge {
namespace {

// Python 3.12 has tasks whose first step runs within the call.
constexpr bool has_eager_tasks = PY_VERSION_HEX >= 0x030C0000;

// In the place of loop.call_soon(): passes all calls on, but keeps the first step of a new task, or
// the wake-up of one.
struct StepKeeper {
  void traverse(Visitor& visit) const {
    visit(call_soon);
    visit(step);
    visit(future);
    visit(context);
  }
  void clear(const Gil&) {
    const PyRef old_call_soon = std::exchange(call_soon, PyRef());
    const PyRef old_step = std::exchange(step, PyRef());
    const PyRef old_future = std::exchange(future, PyRef());
    const PyRef old_context = std::exchange(context, PyRef());
  }

  Vectorcall vectorcall;
  PyRef call_soon;  // the loop's own
  bool keeps = false;
  PyRef step, future, context;  // the future is null for a first step
};

// call_soon(callback, *arguments, context=None). A new task calls call_soon(step, context=context),
// and a future that is done call_soon(wakeup, future, context=context).
PyObject* call_soon_or_keep(PyObject* self, PyObject* const* arguments, std::size_t count,
                            PyObject* names) {
  auto& keeper = unbox<StepKeeper>(self);
  const Py_ssize_t positional = PyVectorcall_NARGS(count);
  if (keeper.keeps && (positional == 1 || positional == 2) && names != nullptr &&
      PyTuple_GET_SIZE(names) == 1) {
    keeper.keeps = false;
    keeper.step = PyRef::borrow(arguments[0]);
    if (positional == 2) keeper.future = PyRef::borrow(arguments[1]);
    keeper.context = PyRef::borrow(arguments[positional]);
    return none().release();
  }
  if (!keeper.call_soon) {
    PyErr_SetString(PyExc_RuntimeError, "the server has gone");
    return nullptr;
  }
  return PyObject_Vectorcall(keeper.call_soon.get(), arguments, count, names);
}

// Whether loop.create_task() is that of asyncio's or of uvloop's own loops.
bool makes_plain_tasks(const Gil& gil, const PyRef& loop) {
  const PyRef method = attribute(gil, loop.get(), "create_task");
  if (!method || !PyMethod_Check(method.get())) return false;
  for (const auto& [module_name, type_name] :
       {std::pair("asyncio", "BaseEventLoop"), std::pair("uvloop", "Loop")}) {
    const PyRef name = to_py_str(gil, module_name);
    const PyRef module = name ? PyRef::steal(PyImport_GetModule(name.get())) : PyRef();
    const PyRef type = module ? attribute(gil, module.get(), type_name) : PyRef();
    const PyRef function = type ? attribute(gil, type.get(), "create_task") : PyRef();
    if (function && function.get() == PyMethod_GET_FUNCTION(method.get())) return true;
  }
  return false;
}

// asyncio's debug mode names the task of a slow step, which it can't if another callback runs it.
bool is_in_debug_mode(const Gil&, const PyRef& loop) {
  const PyRef debug = PyRef::steal(PyObject_CallMethod(loop.get(), "get_debug", nullptr));
  return debug && PyObject_IsTrue(debug.get()) == 1;
}

PyObject* raise_self(PyObject* exception, PyObject*) {
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception)), exception);
  return nullptr;
}

// Runs the step as the event loop would. False with an exception set.
bool run_in(const PyRef& context, const PyRef& step, const PyRef& future) {
  if (PyContext_Enter(context.get()) != 0) return false;
  const PyRef stepped = PyRef::steal(future ? PyObject_CallOneArg(step.get(), future.get())
                                            : PyObject_CallNoArgs(step.get()));
  PyObject *type = nullptr, *value = nullptr, *traceback = nullptr;
  if (!stepped) PyErr_Fetch(&type, &value, &traceback);
  const bool left = PyContext_Exit(context.get()) == 0;
  if (!stepped) PyErr_Restore(type, value, traceback);
  return stepped && left;
}

}  // namespace

PyRef TaskStarter::make_keeper_type(const Gil& gil, PyObject* module) {
  return make_box_type<StepKeeper>(gil, module, "_sioserve.StepKeeper",
                                   Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, {});
}

void TaskStarter::set_loop(const Gil& gil, const PyRef& loop, const PyRef& keeper_type,
                           const PyRef& task_keeper_type) {
  loop_ = loop;
  if (makes_plain_tasks(gil, loop)) {
    const bool at_once = !is_in_debug_mode(gil, loop);
    task_options_ =
        PyRef::steal(has_eager_tasks && at_once
                         ? Py_BuildValue("{s:O,s:O}", "loop", loop.get(), "eager_start", Py_True)
                         : Py_BuildValue("{s:O}", "loop", loop.get()));
    task_type_ = import_attribute(gil, "asyncio", "Task");
    if (!has_eager_tasks && at_once) keep_first_steps(gil, keeper_type);
    if (keeper_) all_tasks_.take_over(gil, task_keeper_type);
  }
  PyErr_Clear();  // create_task() serves as well
}

void TaskStarter::keep_first_steps(const Gil& gil, const PyRef& keeper_type) {
  const PyRef attributes = attribute(gil, loop_.get(), "__dict__");
  PyRef call_soon = attribute(gil, loop_.get(), "call_soon");
  if (!attributes || !call_soon) return;
  PyRef keeper =
      make_object<StepKeeper>(gil, reinterpret_cast<PyTypeObject*>(keeper_type.get()),
                              StepKeeper{Vectorcall::function<&call_soon_or_keep>(),
                                         std::move(call_soon), false, PyRef(), PyRef(), PyRef()});
  if (!keeper) return;
  // Somebody else's call_soon() may have to see every call.
  const int replaced = PyDict_Contains(attributes.get(), names_.call_soon.get());
  if (replaced != 0) return;
  if (PyDict_SetItem(attributes.get(), names_.call_soon.get(), keeper.get()) == 0) {
    keeper_ = std::move(keeper);
  }
}

void TaskStarter::release(const Gil& gil) {
  // Moved to locals first: releasing these objects may run Python code.
  const PyRef loop = std::exchange(loop_, PyRef());
  const PyRef options = std::exchange(task_options_, PyRef());
  const PyRef keeper = std::exchange(keeper_, PyRef());
  all_tasks_.release(gil);
  if (!loop || !keeper) return;
  const PyRef attributes = attribute(gil, loop.get(), "__dict__");
  if (attributes &&
      PyDict_GetItemWithError(attributes.get(), names_.call_soon.get()) == keeper.get()) {
    PyDict_DelItem(attributes.get(), names_.call_soon.get());
  }
  PyErr_Clear();
}

PyRef TaskStarter::start(const Gil& gil, const PyRef& coroutine, const PyRef& name) {
  if (task_type_ && task_options_) {
    const PyRef factory =
        PyRef::steal(PyObject_CallMethodNoArgs(loop_.get(), names_.get_task_factory.get()));
    if (!factory) return PyRef();
    if (factory.get() == Py_None) return start_plain(gil, coroutine, name);
  }
  // After the server's end, handlers of its last clients may still be started.
  const PyRef function = loop_ ? PyRef() : import_attribute(gil, "asyncio", "get_running_loop");
  if (!loop_ && !function) return PyRef();
  const PyRef loop = loop_ ? loop_ : PyRef::steal(PyObject_CallNoArgs(function.get()));
  if (!loop) return PyRef();
  return PyRef::steal(
      PyObject_CallMethodOneArg(loop.get(), names_.create_task.get(), coroutine.get()));
}

PyRef TaskStarter::start_plain(const Gil& gil, const PyRef& coroutine, const PyRef& name) {
  if (PyDict_SetItem(task_options_.get(), names_.name.get(), name.get()) != 0) return PyRef();
  if (has_eager_tasks) {
    PyRef task = make_task(gil, coroutine);
    if (!task && (PyErr_ExceptionMatches(PyExc_SystemExit) ||
                  PyErr_ExceptionMatches(PyExc_KeyboardInterrupt))) {
      const PyRef error = take_exception(gil);
      raise_in_loop(gil, error);
      PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error.get())), error.get());
    }
    return task;
  }
  if (!may_run_steps()) return make_task(gil, coroutine);
  auto& keeper = unbox<StepKeeper>(keeper_.get());
  keeper.keeps = true;
  all_tasks_.keep_next(gil);
  PyRef task = make_task(gil, coroutine);
  keeper.keeps = false;
  std::optional<AllTasks::FirstStep> in_all_tasks;
  if (all_tasks_.end_keeping(gil, task)) in_all_tasks.emplace(gil, all_tasks_, task);
  if (task) run_kept_step(gil);
  return task;
}

void TaskStarter::finish(const Gil& gil, const PyRef& future) {
  if (!may_run_steps()) return set_done(gil, names_, future);
  auto& keeper = unbox<StepKeeper>(keeper_.get());
  keeper.keeps = true;
  set_done(gil, names_, future);
  keeper.keeps = false;
  run_kept_step(gil);
}

void TaskStarter::run_kept_step(const Gil& gil) {
  auto& keeper = unbox<StepKeeper>(keeper_.get());
  const PyRef step = std::exchange(keeper.step, PyRef());
  const PyRef future = std::exchange(keeper.future, PyRef());
  const PyRef context = std::exchange(keeper.context, PyRef());
  if (!step) return;
  step_runs_ = true;
  const bool ran = run_in(context, step, future);
  step_runs_ = false;
  if (ran) return;
  const PyRef error = take_exception(gil);
  raise_in_loop(gil, error);
}

void TaskStarter::raise_in_loop(const Gil&, const PyRef& error) const {
  static Method::Row raise = Method::no_arguments<&raise_self>("raise").row();
  const PyRef raiser = PyRef::steal(PyCFunction_New(&raise, error.get()));
  const PyRef handle = raiser ? PyRef::steal(PyObject_CallMethodOneArg(
                                    loop_.get(), names_.call_soon.get(), raiser.get()))
                              : PyRef();
  if (!handle) PyErr_WriteUnraisable(loop_.get());
}

PyRef TaskStarter::make_task(const Gil&, const PyRef& coroutine) const {
  const PyRef arguments = PyRef::steal(PyTuple_Pack(1, coroutine.get()));
  if (!arguments) return PyRef();
  return PyRef::steal(PyObject_Call(task_type_.get(), arguments.get(), task_options_.get()));
}

void TaskStarter::traverse(Visitor& visit) const {
  for (const PyRef* object : {&loop_, &task_type_, &task_options_, &keeper_}) visit(*object);
  all_tasks_.traverse(visit);
}

}  // namespace sioserve::bridge
