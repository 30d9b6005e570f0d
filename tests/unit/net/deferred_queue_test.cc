#include "server/net/deferred_queue.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <utility>

namespace sioserve::net {
namespace {

class Task final : public DeferredTask {
 public:
  explicit Task(std::function<void()> action) : action_(std::move(action)) {}
  void on_turn_end() override { action_(); }

 private:
  std::function<void()> action_;
};

TEST(DeferredQueue, RunsATaskOncePerScheduling) {
  DeferredQueue queue;
  int runs = 0;
  Task task([&] { ++runs; });
  queue.schedule(task);
  queue.schedule(task);
  EXPECT_EQ(queue.run(), DeferredQueue::State::empty);
  EXPECT_EQ(runs, 1);
  queue.run();
  EXPECT_EQ(runs, 1);
  queue.schedule(task);
  queue.run();
  EXPECT_EQ(runs, 2);
}

TEST(DeferredQueue, RunsTasksThatATaskSchedules) {
  DeferredQueue queue;
  int runs = 0;
  Task second([&] { ++runs; });
  Task first([&] { queue.schedule(second); });
  queue.schedule(first);
  EXPECT_EQ(queue.run(), DeferredQueue::State::empty);
  EXPECT_EQ(runs, 1);
}

TEST(DeferredQueue, CountsTheTasksOfTheLatestRun) {
  DeferredQueue queue;
  Task second([] {});
  Task first([&] { queue.schedule(second); });
  queue.schedule(first);
  queue.run();
  EXPECT_EQ(queue.latest_tasks(), 2U);
  queue.run();
  EXPECT_EQ(queue.latest_tasks(), 0U);
}

TEST(DeferredQueue, LeavesATaskThatReschedulesItselfToTheNextIteration) {
  DeferredQueue queue;
  int runs = 0;
  std::unique_ptr<Task> task;
  task = std::make_unique<Task>([&] {
    ++runs;
    queue.schedule(*task);
  });
  queue.schedule(*task);
  EXPECT_EQ(queue.run(), DeferredQueue::State::tasks_left);
  const int after_first_turn = runs;
  EXPECT_EQ(queue.run(), DeferredQueue::State::tasks_left);
  EXPECT_GT(runs, after_first_turn);
}

TEST(DeferredQueue, DoesNotRunACancelledTask) {
  DeferredQueue queue;
  int runs = 0;
  Task task([&] { ++runs; });
  DeferredQueue::cancel(task);
  queue.schedule(task);
  DeferredQueue::cancel(task);
  EXPECT_EQ(queue.run(), DeferredQueue::State::empty);
  EXPECT_EQ(runs, 0);
  queue.schedule(task);
  EXPECT_EQ(queue.run(), DeferredQueue::State::empty);
  EXPECT_EQ(runs, 1);
}

TEST(DeferredQueue, DoesNotRunADestroyedTask) {
  DeferredQueue queue;
  int runs = 0;
  auto second = std::make_unique<Task>([&] { ++runs; });
  Task first([&] { second.reset(); });
  queue.schedule(first);
  queue.schedule(*second);
  queue.run();
  EXPECT_EQ(runs, 0);
}

}  // namespace
}  // namespace sioserve::net
