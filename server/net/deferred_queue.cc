#include "server/net/deferred_queue.h"

namespace sioserve::net {
namespace {

// Two rounds are enough for a response, the next pipelined request and its response.
constexpr int max_rounds = 4;

}  // namespace

DeferredTask::~DeferredTask() { DeferredQueue::cancel(*this); }

void DeferredQueue::schedule(DeferredTask& task) {
  if (task.list_ != nullptr) return;
  std::vector<DeferredTask*>& list = lists_[current_];
  task.list_ = &list;
  task.index_ = list.size();
  list.push_back(&task);
}

void DeferredQueue::cancel(DeferredTask& task) {
  if (task.list_ == nullptr) return;
  (*task.list_)[task.index_] = nullptr;
  task.list_ = nullptr;
}

DeferredQueue::State DeferredQueue::run() {
  latest_tasks_ = 0;
  runs_soon_ = false;
  work_given_away_ = false;
  for (int round = 0; round < max_rounds; ++round) {
    std::vector<DeferredTask*>& running = lists_[current_];
    if (running.empty()) return State::empty;
    current_ = 1 - current_;
    for (std::size_t i = 0; i < running.size(); ++i) {
      DeferredTask* task = running[i];
      if (task == nullptr) continue;
      task->list_ = nullptr;
      ++latest_tasks_;
      task->on_turn_end();
    }
    running.clear();
  }
  return lists_[current_].empty() ? State::empty : State::tasks_left;
}

}  // namespace sioserve::net
