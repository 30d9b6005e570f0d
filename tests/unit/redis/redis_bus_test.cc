#include "server/redis/redis_bus.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <string>

#include "tests/unit/redis/redis_fixture.h"

namespace sioserve::redis {
namespace {

class RedisBusTest : public RedisTest {
 protected:
  RedisBusTest() { server_.start(); }
};

TEST_F(RedisBusTest, CarriesMessagesToAllServersInOrder) {
  const auto a = connect_member(settings(), {"news"});
  const auto b = connect_member(settings(), {"news"});
  Texts expected;
  for (int i = 0; i < 1'000; ++i) {
    expected.push_back("news=" + std::to_string(i));
    EXPECT_EQ(a->bus.publish("news", std::to_string(i)), Published::sent);
  }
  run_until([&] { return a->observer.messages.size() == 1'000; });
  run_until([&] { return b->observer.messages.size() == 1'000; });
  EXPECT_EQ(a->observer.messages, expected);
  EXPECT_EQ(b->observer.messages, expected);
  EXPECT_EQ(a->count(Counter::redis_published), 1'000u);
  EXPECT_EQ(b->count(Counter::redis_received), 1'000u);
  EXPECT_EQ(b->count(Counter::redis_connected), 1u);
  EXPECT_EQ(a->warnings, Texts{});
  EXPECT_EQ(a->infos, Texts{"Connected to Redis at unix://" + server_.socket()});
}

TEST_F(RedisBusTest, CarriesAnyBytes) {
  std::string channel = "a b\r\n";
  channel += '\0';
  std::string payload(300'000, '\xff');
  payload += std::string("\r\n$5\r\n\0", 7);
  const auto member = connect_member(settings(), {channel});
  member->bus.publish(channel, payload);
  run_until([&] { return !member->observer.messages.empty(); });
  EXPECT_EQ(member->observer.messages, Texts{channel + "=" + payload});
}

TEST_F(RedisBusTest, RefusesAMessageThatIsTooLarge) {
  RedisBusSettings bounded = settings();
  bounded.max_unsent_bytes = 1'000;
  bounded.max_queued_bytes = 10'000;
  const auto member = start_member(bounded, {"a"});
  EXPECT_EQ(member->bus.publish("a", std::string(1'000, 'p')), Published::dropped);
  EXPECT_EQ(member->bus.publish("a", std::string(999, 'p')), Published::queued);
  run_until([&] { return !member->observer.messages.empty(); });
  EXPECT_EQ(member->bus.publish("a", std::string(1'000, 'p')), Published::dropped);
  EXPECT_EQ(member->bus.publish("a", std::string(999, 'p')), Published::sent);
  run_until([&] { return member->observer.messages.size() == 2; });
  EXPECT_EQ(member->count(Counter::redis_dropped), 2u);
  EXPECT_EQ(member->warnings,
            Texts{"A message to other servers was not published: it is larger than 1000 bytes"});
}

TEST_F(RedisBusTest, CountsTheCallsForAChannel) {
  const auto member = connect_member(settings());
  member->bus.subscribe("a");
  member->bus.subscribe("a");
  member->bus.unsubscribe("a");
  settle(*member);
  member->bus.publish("a", "1");
  settle(*member);
  EXPECT_EQ(member->observer.messages, Texts{"a=1"});
  member->bus.unsubscribe("a");
  member->bus.unsubscribe("a");  // of no effect
  settle(*member);
  member->bus.publish("a", "2");
  settle(*member);
  EXPECT_EQ(member->observer.messages, Texts{"a=1"});
  member->bus.subscribe("a");
  settle(*member);
  member->bus.publish("a", "3");
  settle(*member);
  EXPECT_EQ(member->observer.messages, (Texts{"a=1", "a=3"}));
}

TEST_F(RedisBusTest, CountsSubscribedServers) {
  const auto a = connect_member(settings(), {"both", "one"});
  const auto b = connect_member(settings(), {"both"});
  std::vector<std::size_t> counts;
  for (const char* channel : {"both", "one", "none"}) {
    b->bus.count_subscribers(
        channel, [&](std::optional<std::size_t> count) { counts.push_back(count.value_or(99)); });
  }
  EXPECT_TRUE(counts.empty()) << "called within count_subscribers()";
  run_until([&] { return counts.size() == 3; });
  EXPECT_EQ(counts, (std::vector<std::size_t>{2, 1, 0}));
}

TEST_F(RedisBusTest, MeasuresHowLongRedisTakesToAnswer) {
  const auto member = connect_member(settings(), {"a"});
  EXPECT_EQ(member->bus.lag(), std::chrono::microseconds(0));
  const TimePoint began = Clock::now();
  member->bus.publish("a", "1");
  run_until([&] { return member->bus.lag().count() > 0 && !member->observer.messages.empty(); });
  EXPECT_LE(member->bus.lag(), Clock::now() - began);

  server_.pause();
  member->bus.publish("a", "2");
  const TimePoint paused = Clock::now();
  net::Timer wake(loop_, [] {});
  wake.start_once(Milliseconds(60));
  run_until([&] { return Clock::now() - paused >= Milliseconds(50); });
  EXPECT_GE(member->bus.lag(), Milliseconds(50)) << "it still waits";
  server_.resume();
  run_until([&] { return member->observer.messages.size() == 2; });
  EXPECT_GE(member->bus.lag(), Milliseconds(50)) << "of the publish that has waited";
  settle(*member);  // publishes
  EXPECT_LT(member->bus.lag(), Clock::now() - paused - Milliseconds(50));
}

TEST_F(RedisBusTest, UsesShardedChannels) {
  RedisBusSettings sharded = settings();
  sharded.pub_sub = PubSub::sharded;
  const auto a = connect_member(sharded, {"a"});
  const auto b = connect_member(sharded, {"a"});
  const auto plain = connect_member(settings(), {"a"});
  a->bus.publish("a", "sharded");
  plain->bus.publish("a", "plain");
  run_until([&] { return !b->observer.messages.empty() && !plain->observer.messages.empty(); });
  settle(*b);
  settle(*plain);
  EXPECT_EQ(b->observer.messages, Texts{"a=sharded"});
  EXPECT_EQ(plain->observer.messages, Texts{"a=plain"});
}

TEST_F(RedisBusTest, SendsWhatWasPublishedBeforeItIsConnected) {
  const auto other = connect_member(settings(), {"a"});
  const auto member = start_member(settings());
  EXPECT_EQ(member->bus.publish("a", "early"), Published::queued);
  run_until([&] { return !other->observer.messages.empty(); });
  EXPECT_EQ(other->observer.messages, Texts{"a=early"});
  EXPECT_EQ(member->count(Counter::redis_dropped), 0u);
}

TEST_F(RedisBusTest, IsConnectedWhenAllSubscriptionsAreInForce) {
  Texts channels;
  for (int i = 0; i < 2'000; ++i) channels.push_back("room" + std::to_string(i));
  const auto member = connect_member(settings(), channels);
  const auto other = connect_member(settings());
  for (const std::string& channel : channels) other->bus.publish(channel, "");
  run_until([&] { return member->observer.messages.size() == channels.size(); });
}

TEST_F(RedisBusTest, SendsEverythingBeforeItStops) {
  const auto other = connect_member(settings(), {"a"});
  const auto member = connect_member(settings());
  const std::string payload(100'000, 'p');
  for (int i = 0; i < 50; ++i) member->bus.publish("a", payload);
  bool stopped = false;
  member->bus.stop([&] { stopped = true; });
  EXPECT_FALSE(stopped);
  run_until([&] { return stopped; });
  EXPECT_EQ(member->warnings, Texts{});
  EXPECT_EQ(member->count(Counter::redis_connected), 0u);
  EXPECT_EQ(member->bus.publish("a", ""), Published::dropped);
  run_until([&] { return other->observer.messages.size() == 50; });
}

TEST_F(RedisBusTest, SendsWhatWasPublishedBeforeItIsConnectedEvenIfItStops) {
  const auto other = connect_member(settings(), {"a"});
  const auto member = start_member(settings());
  member->bus.publish("a", "early");
  bool stopped = false;
  member->bus.stop([&] { stopped = true; });
  run_until([&] { return stopped; });
  run_until([&] { return !other->observer.messages.empty(); });
  EXPECT_EQ(member->warnings, Texts{});
}

std::size_t threads() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

TEST_F(RedisBusTest, StartsNoThreadsBeforeTheLoopRuns) {
  RedisBusSettings by_name = settings();
  by_name.url.target = net::TcpTarget{"localhost", 1};
  const std::size_t before = threads();
  const auto member = start_member(by_name);
  EXPECT_EQ(threads(), before);
}

TEST_F(RedisBusTest, MayBeDestroyedAtAnyTime) {
  for (int turns = 0; turns < 6; ++turns) {
    const auto member = start_member(settings(), {"a"});
    member->bus.publish("a", "b");
    member->bus.count_subscribers("a", [](auto) {});
    for (int i = 0; i < turns; ++i) loop_.run_once();
  }
}

// Calls from within the observer's functions.
class Echo final : public socketio::cluster::BusObserver {
 public:
  void message_received(std::string_view, std::string_view payload) override {
    if (payload == "end") {
      bus->stop([this] { stopped = true; });
    } else {
      bus->unsubscribe("a");
      bus->subscribe("b");
      bus->count_subscribers("b", [this](auto) { bus->publish("b", "end"); });
    }
  }
  void bus_connected() override { bus->publish("a", "begin"); }
  void bus_interrupted() override {}

  RedisBus* bus = nullptr;
  bool stopped = false;
};

TEST_F(RedisBusTest, MayBeUsedWithinItsCalls) {
  Counters counters;
  const Logger logger([](LogRecord) {});
  Echo echo;
  RedisBus bus(loop_, settings(), logger, counters);
  echo.bus = &bus;
  bus.subscribe("a");
  bus.start(echo);
  run_until([&] { return echo.stopped; });
}

}  // namespace
}  // namespace sioserve::redis
