// asyncio's set of all tasks, for tasks that usually end within their first step.
//
// Before Python 3.12 it is a weakref.WeakSet. Its add(), and the callback that removes a task when
// it is freed, are bytecode: together a sixth of the instructions of a plain request. So a new task
// is kept back from add(). While its first step runs, a plain weak reference to it is in the set.
// If it has not ended then, it is added as any other task.
#pragma once

#include "asgi-bridge/names.h"
#include "asgi-bridge/object.h"
#include "asgi-bridge/python.h"

namespace sioserve::bridge {

// Lives on the application thread.
class AllTasks {
 public:
  // The type of an object that takes the place of the set's add(); `module` keeps no reference.
  static PyRef make_keeper_type(const Gil& gil, PyObject* module);

  explicit AllTasks(const Names& names) : names_(names) {}

  // Takes the place of add(), unless somebody else has. No exception is set.
  void take_over(const Gil& gil, const PyRef& keeper_type);
  void release(const Gil& gil);

  // The next task that is made is not added.
  void keep_next(const Gil& gil);
  // Follows keep_next(), with the task that was made, or null. Whether it was kept back.
  bool end_keeping(const Gil& gil, const PyRef& task);

  // Exists while the first step of a task runs that was kept back. An exception may be set when it
  // ends, and stays set.
  class FirstStep {
   public:
    FirstStep(const Gil& gil, const AllTasks& tasks, const PyRef& task);
    ~FirstStep();
    FirstStep(const FirstStep&) = delete;
    FirstStep& operator=(const FirstStep&) = delete;

   private:
    const Names& names_;
    const PyRef keeper_;  // the server may be released within the step
    const PyRef task_;
    const PyRef reference_;
  };

  void traverse(Visitor& visit) const { visit(keeper_); }

 private:
  const Names& names_;
  PyRef keeper_;  // null: add() is as it was
};

}  // namespace sioserve::bridge
