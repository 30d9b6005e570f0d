#include "asgi-bridge/all_tasks.h"

#include <utility>

#include "asgi-bridge/future.h"
#include "asgi-bridge/type_spec.h"

namespace sioserve::bridge {
namespace {

// In the place of WeakSet.add(): passes all calls on, but keeps the next task.
struct TaskKeeper {
  void traverse(Visitor& visit) const {
    for (const PyRef* object : {&tasks, &references, &add, &kept}) visit(*object);
  }
  void clear(const Gil&) {
    const PyRef old_tasks = std::exchange(tasks, PyRef());
    const PyRef old_references = std::exchange(references, PyRef());
    const PyRef old_add = std::exchange(add, PyRef());
    const PyRef old_kept = std::exchange(kept, PyRef());
  }

  Vectorcall vectorcall;
  PyRef tasks;       // the WeakSet
  PyRef references;  // its set of weak references
  PyRef add;         // its own
  bool keeps = false;
  PyRef kept;
};

PyObject* add_or_keep(PyObject* self, PyObject* const* arguments, std::size_t count,
                      PyObject* names) {
  auto& keeper = unbox<TaskKeeper>(self);
  if (keeper.keeps && PyVectorcall_NARGS(count) == 1 && names == nullptr) {
    keeper.keeps = false;
    keeper.kept = PyRef::borrow(arguments[0]);
    return none().release();
  }
  if (!keeper.add) {
    PyErr_SetString(PyExc_RuntimeError, "the server has gone");
    return nullptr;
  }
  return PyObject_Vectorcall(keeper.add.get(), arguments, count, names);
}

void add(const TaskKeeper& keeper, const PyRef& task) {
  if (!keeper.add) return;
  const PyRef added = PyRef::steal(PyObject_CallOneArg(keeper.add.get(), task.get()));
  if (!added) PyErr_WriteUnraisable(task.get());
}

}  // namespace

PyRef AllTasks::make_keeper_type(const Gil& gil, PyObject* module) {
  return make_box_type<TaskKeeper>(gil, module, "_sioserve.TaskKeeper",
                                   Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, {});
}

void AllTasks::take_over(const Gil& gil, const PyRef& keeper_type) {
  const PyRef tasks = import_attribute(gil, "asyncio.tasks", "_all_tasks");
  const PyRef weak_set = import_attribute(gil, "weakref", "WeakSet");
  const bool is_weak_set =
      tasks && weak_set && Py_IS_TYPE(tasks.get(), reinterpret_cast<PyTypeObject*>(weak_set.get()));
  const PyRef references = is_weak_set ? attribute(gil, tasks.get(), "data") : PyRef();
  const PyRef attributes = is_weak_set ? attribute(gil, tasks.get(), "__dict__") : PyRef();
  PyRef add = is_weak_set ? attribute(gil, tasks.get(), "add") : PyRef();
  if (references && PySet_CheckExact(references.get()) && attributes && add &&
      PyDict_Contains(attributes.get(), names_.add.get()) == 0) {
    PyRef keeper = make_object<TaskKeeper>(gil, reinterpret_cast<PyTypeObject*>(keeper_type.get()),
                                           TaskKeeper{Vectorcall::function<&add_or_keep>(), tasks,
                                                      references, std::move(add), false, PyRef()});
    if (keeper && PyDict_SetItem(attributes.get(), names_.add.get(), keeper.get()) == 0) {
      keeper_ = std::move(keeper);
    }
  }
  PyErr_Clear();
}

void AllTasks::release(const Gil& gil) {
  // Moved to a local first: releasing it may run Python code.
  const PyRef keeper = std::exchange(keeper_, PyRef());
  if (!keeper || !unbox<TaskKeeper>(keeper.get()).tasks) return;
  const PyRef attributes = attribute(gil, unbox<TaskKeeper>(keeper.get()).tasks.get(), "__dict__");
  if (attributes && PyDict_GetItemWithError(attributes.get(), names_.add.get()) == keeper.get()) {
    PyDict_DelItem(attributes.get(), names_.add.get());
  }
  PyErr_Clear();
}

void AllTasks::keep_next(const Gil&) {
  if (keeper_) unbox<TaskKeeper>(keeper_.get()).keeps = true;
}

bool AllTasks::end_keeping(const Gil&, const PyRef& task) {
  if (!keeper_) return false;
  auto& keeper = unbox<TaskKeeper>(keeper_.get());
  keeper.keeps = false;
  const PyRef kept = std::exchange(keeper.kept, PyRef());
  if (!kept) return false;
  if (kept.get() == task.get()) return true;
  add(keeper, kept);  // another thread, or the garbage collector, has made a task meanwhile
  return false;
}

AllTasks::FirstStep::FirstStep(const Gil&, const AllTasks& tasks, const PyRef& task)
    : names_(tasks.names_),
      keeper_(tasks.keeper_),
      task_(task),
      reference_(PyRef::steal(PyWeakref_NewRef(task.get(), nullptr))) {
  const PyRef& references = unbox<TaskKeeper>(keeper_.get()).references;
  const bool added = reference_ && references && PySet_Add(references.get(), reference_.get()) == 0;
  if (!added) PyErr_Clear();
}

AllTasks::FirstStep::~FirstStep() {
  const Gil gil = Gil::held_by_caller();
  PyObject *type = nullptr, *value = nullptr, *traceback = nullptr;
  const bool failed = PyErr_Occurred() != nullptr;
  if (failed) PyErr_Fetch(&type, &value, &traceback);
  const auto& keeper = unbox<TaskKeeper>(keeper_.get());
  if (keeper.references && reference_ &&
      PySet_Discard(keeper.references.get(), reference_.get()) < 0) {
    PyErr_Clear();
  }
  if (!is_done(gil, names_, task_)) add(keeper, task_);
  if (failed) PyErr_Restore(type, value, traceback);
}

}  // namespace sioserve::bridge
