#include "server/port/event_queue.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace sioserve::port {
namespace {

using State = EventQueue::State;

Event event(std::uint64_t number) { return HttpDisconnect{StreamId{number}}; }

Event body(std::size_t bytes) { return HttpBody{StreamId{1}, std::string(bytes, 'x'), true}; }

State push(EventQueue& queue, Event event) {
  std::vector<Event> events;
  events.push_back(std::move(event));
  return queue.push(events);
}

std::uint64_t number_of(const Event& event) {
  return static_cast<std::uint64_t>(get_message<HttpDisconnect>(event)->stream);
}

TEST(EventQueue, ReturnsAllEventsInOrder) {
  EventQueue queue({100, 1'000'000}, [] {});
  std::vector<Event> events;
  for (std::uint64_t i = 1; i <= 3; ++i) events.push_back(event(i));
  EXPECT_EQ(queue.push(events), State::has_space);
  EXPECT_TRUE(events.empty());
  push(queue, event(4));
  std::vector<Event> batch;
  EXPECT_EQ(queue.take(batch), State::has_space);
  ASSERT_EQ(batch.size(), 4U);
  for (std::uint64_t i = 0; i < 4; ++i) EXPECT_EQ(number_of(batch[i]), i + 1);
  queue.take(batch);
  EXPECT_TRUE(batch.empty());
}

TEST(EventQueue, WakesOncePerBatch) {
  int wakes = 0;
  EventQueue queue({100, 1'000'000}, [&] { ++wakes; });
  push(queue, event(1));
  push(queue, event(2));
  EXPECT_EQ(wakes, 1);
  std::vector<Event> batch;
  queue.take(batch);
  queue.take(batch);
  EXPECT_EQ(wakes, 1);
  push(queue, event(3));
  EXPECT_EQ(wakes, 2);
  std::vector<Event> none;
  EXPECT_EQ(queue.push(none), State::has_space);
  EXPECT_EQ(wakes, 2);
}

TEST(EventQueue, ReportsToBothSidesThatItsNumberOfEventsIsReached) {
  EventQueue queue({2, 1'000'000}, [] {});
  std::vector<Event> batch;
  EXPECT_EQ(push(queue, event(1)), State::has_space);
  EXPECT_EQ(push(queue, event(2)), State::full);
  EXPECT_EQ(push(queue, event(3)), State::full);  // events above the limit are still queued
  EXPECT_EQ(queue.take(batch), State::full);
  EXPECT_EQ(batch.size(), 3U);
  EXPECT_EQ(queue.take(batch), State::has_space);
  EXPECT_EQ(push(queue, event(4)), State::has_space);
}

TEST(EventQueue, ReportsToBothSidesThatItsNumberOfBytesIsReached) {
  EventQueue queue({1000, 100'000}, [] {});
  std::vector<Event> batch;
  EXPECT_EQ(push(queue, body(50'000)), State::has_space);
  EXPECT_EQ(push(queue, body(50'000)), State::full);
  EXPECT_EQ(queue.take(batch), State::full);
  EXPECT_EQ(push(queue, body(50'000)), State::has_space);
}

TEST(EventQueue, CountsReceivedBytesOfSocketIoEvents) {
  const std::string text(50'000, 'x');
  const ReceivedValue large{PayloadFormat::json, text, {text}};
  const std::vector<Event> events = {SocketEvent{SocketId{1}, large, std::nullopt},
                                     SocketAcknowledged{SocketId{1}, 1, large},
                                     SocketConnect{SocketId{1}, SessionId{1}, "", "/", large}};
  for (const Event& counted : events) {
    EventQueue queue({1000, 100'000}, [] {});
    EXPECT_EQ(push(queue, counted), State::full);
  }
}

TEST(EventQueue, CountsTheBytesOfQueuedLogLines) {
  EventQueue queue({1000, 1'000'000}, [] {});
  push(queue, LogRecord{LogCategory::server, LogLevel::info, std::string(1000, 'x'), ""});
  push(queue, body(1000));
  EXPECT_EQ(queue.line_bytes(), 1000U);
  std::vector<Event> batch;
  queue.take(batch);
  EXPECT_EQ(queue.line_bytes(), 0U);
}

TEST(EventQueue, LosesNothingBetweenThreads) {
  constexpr std::uint64_t total = 20'000;
  EventQueue queue({100, 1'000'000}, [] {});
  std::jthread producer([&] {
    for (std::uint64_t i = 0; i < total; ++i) push(queue, event(i));
  });
  std::vector<Event> batch;
  std::uint64_t expected = 0;
  while (expected < total) {
    queue.take(batch);
    for (const Event& taken : batch) ASSERT_EQ(number_of(taken), expected++);
    if (batch.empty()) std::this_thread::yield();
  }
}

}  // namespace
}  // namespace sioserve::port
