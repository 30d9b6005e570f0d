// Work for the end of the loop's current turn: writing what was queued during the turn in one go,
// and whatever must not happen within the call that caused it.
//
// Knows nothing of libuv: the loop calls run() before it waits for events, tests call it when they
// like. Lives on the loop's thread.
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

  // Runs the task once at the end of this turn. A task that waits already stays where it is.
  void schedule(TurnTask& task);

  // Runs what waits, and what that schedules, for a few rounds. Tasks that are left then want the
  // next turn to come without waiting for an event.
  State run();

 private:
  std::array<std::vector<TurnTask*>, 2> lists_;
  std::size_t current_ = 0;  // the list that schedule() appends to
};

}  // namespace sioserve::net
