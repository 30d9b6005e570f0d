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

class TurnQueue;

// May be destroyed at any time, also while the queue runs.
class TurnTask {
 public:
  TurnTask() = default;
  virtual ~TurnTask();
  TurnTask(const TurnTask&) = delete;
  TurnTask& operator=(const TurnTask&) = delete;

  virtual void on_turn_end() = 0;

 private:
  friend TurnQueue;
  std::vector<TurnTask*>* list_ = nullptr;  // where it waits; null: nowhere
  std::size_t index_ = 0;
};

class TurnQueue {
 public:
  enum class State { empty, tasks_left };

  // Runs the task once at the end of this iteration. A task that is already queued keeps its place.
  void schedule(TurnTask& task);

  // Runs the queued tasks, and tasks that they schedule, for a few rounds. If tasks are left, the
  // next iteration must not wait for events.
  State run();

 private:
  std::array<std::vector<TurnTask*>, 2> lists_;
  std::size_t current_ = 0;  // the list that schedule() appends to
};

}  // namespace sioserve::net
