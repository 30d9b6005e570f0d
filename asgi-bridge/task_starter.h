// Makes the tasks in which the application's coroutines run. Their first step runs at once: what a
// request needs is still in the processor's caches, and an answer that waits for nothing needs no
// iteration of the event loop. The same holds for the step of a task that waits for a message of
// its WebSocket.
#pragma once

#include "asgi-bridge/all_tasks.h"
#include "asgi-bridge/names.h"
#include "asgi-bridge/object.h"
#include "asgi-bridge/python.h"

namespace sioserve::bridge {

// Lives on the application thread.
class TaskStarter {
 public:
  // The type of an object that takes the place of loop.call_soon(); `module` keeps no reference.
  static PyRef make_keeper_type(const Gil& gil, PyObject* module);

  explicit TaskStarter(const Names& names) : names_(names), all_tasks_(names) {}

  // Exists while a callback of the event loop handles events: no task runs, so first steps may.
  class LoopCallback {
   public:
    explicit LoopCallback(TaskStarter& tasks) : tasks_(tasks) { ++tasks_.callbacks_; }
    ~LoopCallback() { --tasks_.callbacks_; }
    LoopCallback(const LoopCallback&) = delete;
    LoopCallback& operator=(const LoopCallback&) = delete;

   private:
    TaskStarter& tasks_;
  };

  // The loop that tasks are to run on. No exception is set.
  void set_loop(const Gil& gil, const PyRef& loop, const PyRef& keeper_type,
                const PyRef& task_keeper_type);
  void release(const Gil& gil);

  // A task with this name, a str; it may have ended. Null with an exception set. A SystemExit or
  // KeyboardInterrupt of the first step is raised again by the event loop, as one of a later step
  // is; before Python 3.12 it is only raised there.
  //
  // The first step waits for the event loop in asyncio's debug mode, and before Python 3.12 if
  // another task runs. If the loop has a task factory, or is neither asyncio's nor uvloop's,
  // create_task() makes the task, and decides about that.
  PyRef start(const Gil& gil, const PyRef& coroutine, const PyRef& name);

  // Sets the result None, unless the future is done. Before Python 3.12, the task that waits for it
  // continues within this call, unless another task runs, or asyncio is in its debug mode.
  void finish(const Gil& gil, const PyRef& future);

  void traverse(Visitor& visit) const;

 private:
  bool may_run_steps() const { return keeper_ && callbacks_ == 1 && !step_runs_; }
  void run_kept_step(const Gil& gil);
  PyRef start_plain(const Gil& gil, const PyRef& coroutine, const PyRef& name);
  // Before Python 3.12, whose tasks have the option `eager_start`: replaces the loop's call_soon().
  void keep_first_steps(const Gil& gil, const PyRef& keeper_type);
  PyRef make_task(const Gil& gil, const PyRef& coroutine) const;
  void raise_in_loop(const Gil& gil, const PyRef& error) const;

  const Names& names_;
  PyRef loop_;
  // asyncio.Task and its keyword arguments; null on a loop that makes tasks in its own way.
  PyRef task_type_, task_options_;
  PyRef keeper_;  // the loop's call_soon(), if it has been replaced
  AllTasks all_tasks_;
  int callbacks_ = 0;  // more than one: a task runs a nested event loop
  bool step_runs_ = false;
};

}  // namespace sioserve::bridge
