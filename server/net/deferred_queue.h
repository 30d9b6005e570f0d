// Work for the end of the current loop iteration: writing the output queued during the iteration
// together, and work that must not run within the call that caused it.
//
// Knows nothing of libuv: the loop calls run() before it waits for events, tests call it directly.
// Lives on the loop's thread.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace sioserve::net {

class DeferredQueue;

// May be destroyed at any time, also while the queue runs.
class DeferredTask {
 public:
  DeferredTask() = default;
  virtual ~DeferredTask();
  DeferredTask(const DeferredTask&) = delete;
  DeferredTask& operator=(const DeferredTask&) = delete;

  virtual void on_turn_end() = 0;

 private:
  friend DeferredQueue;
  std::vector<DeferredTask*>* list_ = nullptr;  // the list that contains it, or null
  std::size_t index_ = 0;
};

class DeferredQueue {
 public:
  enum class State { empty, tasks_left };

  // Runs the task once at the end of this loop iteration. A task that is already queued keeps its
  // place.
  void schedule(DeferredTask& task);

  // The task need not run, because its work has been done. No effect if it is not queued.
  static void cancel(DeferredTask& task);

  // Runs the queued tasks, and tasks that they schedule, for a few rounds. If tasks are left, the
  // next iteration must not wait for events.
  State run();
  // The tasks are to run before the loop reads from more sockets.
  void run_soon() { runs_soon_ = true; }
  bool runs_soon() const { return runs_soon_; }
  // For tasks: other threads now have something to do, and will answer.
  void give_work_away() { work_given_away_ = true; }
  // Whether a task of the latest run() has.
  bool work_given_away() const { return work_given_away_; }
  // How many tasks the latest run() has run; a task that was scheduled again counts again.
  std::size_t latest_tasks() const { return latest_tasks_; }

 private:
  std::array<std::vector<DeferredTask*>, 2> lists_;
  std::size_t latest_tasks_ = 0;
  bool runs_soon_ = false;
  bool work_given_away_ = false;
  std::size_t current_ = 0;  // the list that schedule() appends to
};

}  // namespace sioserve::net
