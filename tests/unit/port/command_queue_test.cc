#include "server/port/command_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace sioserve::port {
namespace {

using namespace std::chrono_literals;

Command leave(std::uint64_t number) { return SocketLeaveAll{SocketId{number}}; }

Command emit(std::size_t bytes) {
  return SocketEmit{SocketId{1}, {std::string(bytes, 'x'), {}}, std::nullopt};
}

std::uint64_t number_of(const Command& command) {
  return static_cast<std::uint64_t>(get_message<SocketLeaveAll>(command)->socket);
}

CommandQueue::Work work(std::size_t commands, CommandQueue::Clock::duration duration) {
  return {.commands = commands, .carrying_out = duration / 4, .output = duration * 3 / 4};
}

// A queue whose consumer has called take().
struct ServedQueue : CommandQueue {
  explicit ServedQueue(std::size_t max_bytes) : CommandQueue(max_bytes, [] {}) {
    std::vector<Command> none;
    take(none);
  }
};

// Waits until the oldest command is older than `age`.
void let_it_age(const CommandQueue& queue, std::chrono::milliseconds age = CommandQueue::max_age) {
  while (!queue.is_overloaded(age)) std::this_thread::yield();
}

TEST(CommandQueue, ReturnsAllCommandsInOrderAndWakesOncePerBatch) {
  int wakes = 0;
  CommandQueue queue(0, [&] { ++wakes; });
  queue.push(leave(1));
  queue.push(leave(2));
  EXPECT_EQ(wakes, 1);
  std::vector<Command> batch;
  queue.take(batch);
  ASSERT_EQ(batch.size(), 2U);
  EXPECT_EQ(number_of(batch[0]), 1U);
  EXPECT_EQ(number_of(batch[1]), 2U);
  queue.take(batch);
  EXPECT_TRUE(batch.empty());
  queue.push(leave(3));
  EXPECT_EQ(wakes, 2);
}

TEST(CommandQueue, IsNotOverloadedBeforeTheFirstTake) {
  CommandQueue queue(1, [] {});
  queue.push(emit(1'000));
  queue.wait_for_space(0ms);
  EXPECT_FALSE(queue.is_overloaded(0ms));
}

TEST(CommandQueue, IsOverloadedWhileTheOldestCommandHasWaitedTooLong) {
  ServedQueue queue(0);
  EXPECT_FALSE(queue.is_overloaded());
  queue.push(leave(1));
  EXPECT_FALSE(queue.is_overloaded(1h));
  let_it_age(queue);
  std::vector<Command> batch;
  queue.take(batch);
  EXPECT_TRUE(queue.is_overloaded()) << "what has been taken is not carried out yet";
  queue.take(batch);
  EXPECT_FALSE(queue.is_overloaded());
}

TEST(CommandQueue, UsesTheAgeOfTheOldestRemainingCommand) {
  ServedQueue queue(0);
  queue.push(leave(1));
  std::vector<Command> batch;
  queue.take(batch);
  let_it_age(queue, 20ms);
  queue.push(leave(2));  // the first batch is still being carried out
  queue.take(batch);
  EXPECT_FALSE(queue.is_overloaded(20ms));
  let_it_age(queue, 20ms);
}

TEST(CommandQueue, IsOverloadedByBytesUntilTheyHaveBeenCarriedOut) {
  ServedQueue queue(10'000);
  queue.push(emit(1'000));
  EXPECT_FALSE(queue.is_overloaded(1h));
  queue.push(emit(10'000));
  EXPECT_TRUE(queue.is_overloaded(1h));
  std::vector<Command> batch;
  queue.take(batch);
  EXPECT_TRUE(queue.is_overloaded(1h));
  queue.take(batch);
  EXPECT_FALSE(queue.is_overloaded(1h));
}

TEST(CommandQueue, IsOverloadedByWorkThatTakesLong) {
  // Far from max_age, even on a slow machine.
  constexpr auto age = CommandQueue::max_age * 1000;
  constexpr auto cost = CommandQueue::max_work * 1000 / 2;
  CommandQueue queue(0, [] {});
  std::vector<Command> batch;
  queue.take(batch);
  for (std::uint64_t i = 0; i < 3; ++i) queue.push(leave(i));
  EXPECT_FALSE(queue.is_overloaded(age));
  for (int turn = 0; turn < 50; ++turn) queue.note_work(work(10, 10 * cost));
  EXPECT_TRUE(queue.is_overloaded(age));
  queue.take(batch);
  EXPECT_TRUE(queue.is_overloaded(age)) << "it is being carried out";
  queue.take(batch);
  EXPECT_FALSE(queue.is_overloaded(age));
  queue.push(leave(4));
  EXPECT_FALSE(queue.is_overloaded(age));
}

TEST(CommandQueue, ExpectsAHigherCostAtOnceAndALowerOneGradually) {
  constexpr auto age = CommandQueue::max_age * 1000;
  constexpr auto high = CommandQueue::max_work * 1000;
  CommandQueue queue(0, [] {});
  std::vector<Command> batch;
  queue.take(batch);
  for (std::uint64_t i = 0; i < 2; ++i) queue.push(leave(i));
  queue.note_work(work(1, high / 1000));
  EXPECT_FALSE(queue.is_overloaded(age));
  queue.note_work(work(1, high));
  EXPECT_TRUE(queue.is_overloaded(age));
  queue.note_work(work(1, high / 1000));
  EXPECT_TRUE(queue.is_overloaded(age)) << "a single cheap iteration";
  for (int turn = 0; turn < 20; ++turn) queue.note_work(work(1, high / 1000));
  EXPECT_FALSE(queue.is_overloaded(age));
}

TEST(CommandQueue, DoesNotExpectOutputThatCommandsShare) {
  constexpr auto age = CommandQueue::max_age * 1000;
  constexpr auto output = CommandQueue::max_work * 1000;
  ServedQueue queue(0);
  for (std::uint64_t i = 0; i < 3; ++i) queue.push(leave(i));
  queue.note_work({.commands = 1, .output = output, .reaches_most = false});
  EXPECT_TRUE(queue.is_overloaded(age));
  queue.note_work({.commands = 1, .output = output, .reaches_most = true});
  EXPECT_FALSE(queue.is_overloaded(age));
  queue.push(emit(CommandQueue::max_shared_bytes));
  EXPECT_TRUE(queue.is_overloaded(age)) << "bytes are not shared";
}

TEST(CommandQueue, LetsAFewCommandsShareTheirOutput) {
  constexpr auto age = CommandQueue::max_age * 1000;
  ServedQueue queue(0);
  queue.note_work({.commands = 1, .output = CommandQueue::max_work * 1000, .reaches_most = true});
  for (std::uint64_t i = 0; i < CommandQueue::max_shared; ++i) queue.push(leave(i));
  EXPECT_FALSE(queue.is_overloaded(age));
  queue.push(leave(CommandQueue::max_shared));
  EXPECT_TRUE(queue.is_overloaded(age));
}

TEST(CommandQueue, ExpectsTheTimeThatSharedCommandsThemselvesTake) {
  constexpr auto age = CommandQueue::max_age * 1000;
  ServedQueue queue(0);
  queue.push(leave(1));
  queue.note_work(
      {.commands = 1, .carrying_out = CommandQueue::max_work * 1001, .reaches_most = true});
  EXPECT_TRUE(queue.is_overloaded(age));
}

TEST(CommandQueue, BlocksAThreadUntilThereIsSpaceAndCountsIt) {
  ServedQueue queue(0);
  std::atomic<bool> enough = false;
  std::jthread producer([&] {
    while (!enough) queue.wait_for_space();
  });
  std::vector<Command> batch;
  for (std::uint64_t held_up = 0; held_up == 0; held_up = queue.take(batch).held_up) {
    queue.push(leave(1));
    let_it_age(queue);
  }
  enough = true;
  queue.take(batch);  // the queue is empty, and the producer continues
}

TEST(CommandQueue, ReportsSpaceOnce) {
  ServedQueue queue(0);
  EXPECT_FALSE(queue.notify_of_space()) << "there is room";
  queue.push(leave(1));
  let_it_age(queue);
  EXPECT_TRUE(queue.notify_of_space());
  EXPECT_TRUE(queue.notify_of_space());
  std::vector<Command> batch;
  const auto first = queue.take(batch);
  EXPECT_FALSE(first.space_requested);
  EXPECT_EQ(first.held_up, 1U);
  EXPECT_TRUE(queue.take(batch).space_requested);
  EXPECT_FALSE(queue.take(batch).space_requested);
}

TEST(CommandQueue, BlocksNoThreadWhenItIsClosed) {
  ServedQueue queue(0);
  queue.push(leave(1));
  let_it_age(queue);
  std::jthread producer([&] { queue.wait_for_space(); });
  queue.close();
  producer.join();
  queue.wait_for_space();
  EXPECT_FALSE(queue.notify_of_space());
}

// Several threads flood and wait, one carries out: all commands arrive, those of each producer in
// order, and no thread waits forever.
TEST(CommandQueue, HandlesAFloodFromSeveralThreads) {
  constexpr std::uint64_t per_thread = 5'000;
  constexpr std::uint64_t threads = 3;
  ServedQueue queue(1'000);
  std::vector<std::jthread> producers;
  for (std::uint64_t thread = 0; thread < threads; ++thread) {
    producers.emplace_back([&queue, thread] {
      for (std::uint64_t i = 0; i < per_thread; ++i) {
        queue.wait_for_space();
        queue.push(leave(thread * per_thread + i));
      }
    });
  }
  std::vector<std::uint64_t> next = {0, per_thread, 2 * per_thread};
  std::vector<Command> batch;
  for (std::uint64_t taken = 0; taken < threads * per_thread;) {
    queue.take(batch);
    for (const Command& command : batch) {
      const std::uint64_t number = number_of(command);
      ASSERT_EQ(number, next[number / per_thread]++);
      ++taken;
    }
    if (batch.empty()) std::this_thread::yield();
  }
  queue.take(batch);
}

}  // namespace
}  // namespace sioserve::port
