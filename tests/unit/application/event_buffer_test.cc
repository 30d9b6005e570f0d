#include "server/application/event_buffer.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>
#include <variant>
#include <vector>

#include "server/net/deferred_queue.h"

namespace sioserve::application {
namespace {

Event event(std::uint64_t number) { return HttpDisconnect{StreamId{number}}; }

std::uint64_t number_of(const Event& event) {
  return static_cast<std::uint64_t>(get_message<HttpDisconnect>(event)->stream);
}

TEST(EventBuffer, PassesTheEventsOfALoopIterationTogether) {
  net::DeferredQueue turns;
  int wakes = 0;
  port::EventQueue queue({100, 1'000'000}, [&] { ++wakes; });
  EventBuffer buffer(turns, queue);
  std::vector<Event> batch;
  buffer.push(event(1));
  buffer.push(event(2));
  queue.take(batch);
  EXPECT_TRUE(batch.empty());
  turns.run();
  EXPECT_EQ(wakes, 1);
  queue.take(batch);
  ASSERT_EQ(batch.size(), 2U);
  EXPECT_EQ(number_of(batch[0]), 1U);
  EXPECT_EQ(number_of(batch[1]), 2U);
}

TEST(EventBuffer, IsFullFromTheLimitUntilItIsDrained) {
  net::DeferredQueue turns;
  port::EventQueue queue({2, 1'000'000}, [] {});
  EventBuffer buffer(turns, queue);
  buffer.push(event(1));
  turns.run();
  EXPECT_FALSE(buffer.full(StreamId{1}));
  buffer.push(event(2));
  turns.run();
  EXPECT_TRUE(buffer.full(StreamId{1}));
  buffer.on_events_taken();
  EXPECT_FALSE(buffer.full(StreamId{1}));
}

TEST(EventBuffer, IsFullOfLogLinesUntilTheApplicationHasTakenAll) {
  net::DeferredQueue turns;
  port::EventQueue queue({1'000'000, 1'000'000'000}, [] {});
  EventBuffer buffer(turns, queue);
  const auto push_line = [&] {
    buffer.push(LogRecord{LogCategory::server, LogLevel::warning, std::string(100'000, 'x'), ""});
  };
  std::size_t lines = 0;
  for (; !buffer.log_lines_full() && lines < 10'000; ++lines) {
    push_line();
    if (lines % 2 == 0) turns.run();
  }
  EXPECT_LT(lines, 1'000U);
  turns.run();
  EXPECT_TRUE(buffer.log_lines_full());
  EXPECT_FALSE(buffer.full(StreamId{1}));  // requests are read on
  std::vector<Event> batch;
  queue.take(batch);
  EXPECT_EQ(batch.size(), lines);
  EXPECT_FALSE(buffer.log_lines_full());
  push_line();
  EXPECT_FALSE(buffer.log_lines_full());
}

// A producer that pauses while the buffer is full, and a consumer that reports each full batch:
// both finish, and no event is lost or reordered.
TEST(EventBuffer, NeitherThreadWaitsForever) {
  constexpr std::uint64_t total = 100'000;
  constexpr std::size_t limit = 64;

  std::mutex mutex;
  std::condition_variable changed;
  bool events_wait = false;
  bool drained = false;
  port::EventQueue queue({limit, 1'000'000'000}, [&] {
    std::lock_guard lock(mutex);
    events_wait = true;
    changed.notify_all();
  });

  std::jthread producer([&] {
    net::DeferredQueue turns;
    EventBuffer buffer(turns, queue);
    for (std::uint64_t next = 0; next < total;) {
      for (int i = 0; i < 10 && next < total; ++i) buffer.push(event(next++));
      turns.run();
      if (!buffer.full(StreamId{1})) continue;
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return drained; });
      drained = false;
      buffer.on_events_taken();
    }
  });

  std::vector<Event> batch;
  std::uint64_t expected = 0;
  while (expected < total) {
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return events_wait; });
      events_wait = false;
    }
    const auto state = queue.take(batch);
    for (const Event& taken : batch) ASSERT_EQ(number_of(taken), expected++);
    if (state == port::EventQueue::State::has_space) continue;
    std::lock_guard lock(mutex);
    drained = true;
    changed.notify_all();
  }
}

}  // namespace
}  // namespace sioserve::application
