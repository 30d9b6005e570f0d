// What the bus does when Redis is away, silent, slow, or refuses something.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "server/redis/redis_bus.h"
#include "tests/unit/redis/redis_fixture.h"

namespace sioserve::redis {
namespace {

class RedisOutageTest : public RedisTest {
 protected:
  std::string name() const { return "Redis at unix://" + server_.socket(); }

  void lose(Member& member) {
    const int interrupted = member.observer.interrupted;
    server_.kill();
    run_until([&] { return member.observer.interrupted > interrupted; });
    // Until the other connection is lost, too.
    bool lost = false;
    while (!lost) {
      std::optional<bool> counted;
      member.bus.count_subscribers("a", [&](auto count) { counted = count.has_value(); });
      run_until([&] { return counted.has_value(); });
      lost = !*counted;
    }
  }
  void restore(Member& member) {
    const int connected = member.observer.connected;
    server_.start();
    run_until([&] { return member.observer.connected > connected; });
  }
};

TEST_F(RedisOutageTest, IsReportedOnceAndSubscriptionsAreMadeAgain) {
  server_.start();
  const auto member = connect_member(settings(), {"a", "b"});
  lose(*member);
  EXPECT_EQ(member->count(Counter::redis_connected), 0u);
  ASSERT_EQ(member->warnings.size(), 1u);
  EXPECT_TRUE(member->warnings[0].starts_with(name() + " is away (")) << member->warnings[0];
  EXPECT_TRUE(member->warnings[0].ends_with(
      "; messages to other servers are dropped (docs/redis.md#when-redis-is-away)"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(member->bus.publish("a", "lost"), Published::dropped);
  member->bus.subscribe("c");
  member->bus.unsubscribe("b");
  restore(*member);
  EXPECT_EQ(member->observer.interrupted, 1);
  ASSERT_EQ(member->warnings.size(), 2u);
  EXPECT_TRUE(member->warnings[1].starts_with(name() + " is back after ")) << member->warnings[1];
  EXPECT_TRUE(member->warnings[1].ends_with(" s: 3 messages dropped, 0 sent late, 0 not confirmed"))
      << member->warnings[1];
  EXPECT_EQ(member->count(Counter::redis_connected), 1u);
  EXPECT_EQ(member->count(Counter::redis_reconnects), 1u);
  EXPECT_EQ(member->count(Counter::redis_dropped), 3u);

  for (const char* channel : {"a", "b", "c"}) member->bus.publish(channel, "back");
  settle(*member);
  EXPECT_EQ(member->observer.messages, (Texts{"a=back", "c=back"}));
}

TEST_F(RedisOutageTest, QueuesMessagesWithinABound) {
  server_.start();
  RedisBusSettings queueing = settings();
  queueing.max_queued_bytes = 2 * (128 + 5);
  const auto member = connect_member(queueing, {"a"});
  lose(*member);
  EXPECT_TRUE(member->warnings[0].ends_with(
      "; messages to other servers wait (docs/redis.md#when-redis-is-away)"));
  EXPECT_EQ(member->bus.publish("a", "1234"), Published::queued);
  EXPECT_EQ(member->bus.publish("a", "too large"), Published::dropped);
  EXPECT_EQ(member->bus.publish("a", "5678"), Published::queued);
  EXPECT_EQ(member->bus.publish("a", ""), Published::dropped);
  restore(*member);
  EXPECT_EQ(member->bus.publish("a", "new"), Published::sent);
  settle(*member);
  EXPECT_EQ(member->observer.messages, (Texts{"a=1234", "a=5678", "a=new"}));
  EXPECT_TRUE(member->warnings[1].ends_with(" s: 2 messages dropped, 2 sent late, 0 not confirmed"))
      << member->warnings[1];
}

TEST_F(RedisOutageTest, SendsWhatWaitsWhenOthersHaveHadTimeToConnect) {
  server_.start();
  RedisBusSettings queueing = settings();
  queueing.max_queued_bytes = 1'000;
  const auto member = connect_member(queueing, {"a"});
  lose(*member);
  EXPECT_EQ(member->bus.publish("a", "1"), Published::queued);
  bool second_is_over = false;
  net::Timer second(loop_, [&] { second_is_over = true; });
  second.start_once(Milliseconds(1'000));
  run_until([&] { return second_is_over; });
  server_.start();
  std::size_t subscribers = 0;
  while (subscribers == 0) {
    std::optional<std::size_t> count;
    bool answered = false;
    member->bus.count_subscribers("a", [&](auto number) {
      count = number;
      answered = true;
    });
    run_until([&] { return answered; });
    subscribers = count.value_or(0);
  }
  const auto other = connect_member(settings(), {"a"});
  EXPECT_EQ(member->bus.publish("a", "2"), Published::queued);
  run_until([&] { return member->observer.connected == 2; });
  settle(*other);
  EXPECT_EQ(other->observer.messages, (Texts{"a=1", "a=2"}));
}

TEST_F(RedisOutageTest, DropsWhatMustNotBeSentLate) {
  server_.start();
  RedisBusSettings queueing = settings();
  queueing.max_queued_bytes = 1'000;
  const auto member = start_member(queueing, {"a"});
  EXPECT_EQ(member->bus.publish_now("a", "too early"), Published::dropped);
  run_until([&] { return member->observer.connected > 0; });
  EXPECT_EQ(member->bus.publish_now("a", "1"), Published::sent);
  settle(*member);
  lose(*member);
  EXPECT_EQ(member->bus.publish_now("a", "late"), Published::dropped);
  EXPECT_EQ(member->bus.publish("a", "2"), Published::queued);
  EXPECT_EQ(member->bus.publish_now("a", "late"), Published::dropped);
  restore(*member);
  EXPECT_EQ(member->bus.publish_now("a", "3"), Published::sent);
  settle(*member);
  EXPECT_EQ(member->observer.messages, (Texts{"a=1", "a=2", "a=3"}));
  EXPECT_EQ(member->count(Counter::redis_dropped), 3u);
  EXPECT_TRUE(member->warnings[1].ends_with(" s: 2 messages dropped, 1 sent late, 0 not confirmed"))
      << member->warnings[1];
}

TEST_F(RedisOutageTest, AtTheStartIsReportedAndEnds) {
  const auto member = start_member(settings(), {"a"});
  EXPECT_EQ(member->bus.publish("a", "early"), Published::queued);
  run_until([&] { return !member->warnings.empty(); });
  EXPECT_EQ(member->warnings,
            Texts{name() + " is not reachable (subscriptions): No such file or directory; messages "
                           "to other servers are dropped (docs/redis.md#when-redis-is-away)"});
  EXPECT_EQ(member->bus.publish("a", "later"), Published::dropped);
  restore(*member);
  EXPECT_EQ(member->observer.interrupted, 0);
  EXPECT_EQ(member->count(Counter::redis_dropped), 2u);
  EXPECT_TRUE(
      member->warnings.back().ends_with(" s: 2 messages dropped, 0 sent late, 0 not confirmed"));
}

TEST_F(RedisOutageTest, IsNoticedWhenRedisIsSilent) {
  server_.start();
  RedisBusSettings quick = settings();
  quick.times = {Milliseconds(100), Milliseconds(200)};
  const auto member = connect_member(quick, {"a"});
  server_.pause();
  run_until([&] { return member->observer.interrupted == 1; });
  EXPECT_TRUE(member->has_warned("Redis has not answered for 200 ms")) << member->warnings[0];
  server_.resume();
  run_until([&] { return member->observer.connected == 2; });
  EXPECT_EQ(member->warnings.size(), 2u);
}

TEST_F(RedisOutageTest, IsNoticedWhenRedisNeverAnswers) {
  server_.start();
  connect_member(settings());
  server_.pause();
  RedisBusSettings quick = settings();
  quick.times = {Milliseconds(100), Milliseconds(200)};
  const auto member = start_member(quick, {"a"});
  run_until([&] { return !member->warnings.empty(); });
  EXPECT_TRUE(member->has_warned("is not reachable"));
  EXPECT_TRUE(member->has_warned("Redis has not answered for 200 ms"));
  server_.resume();
  run_until([&] { return member->observer.connected == 1; });
}

TEST_F(RedisOutageTest, CountsWhatRedisHasNotConfirmed) {
  server_.start();
  const auto member = connect_member(settings());
  server_.pause();
  EXPECT_EQ(member->bus.publish("a", "1"), Published::sent);
  EXPECT_EQ(member->bus.publish("a", "2"), Published::sent);
  std::optional<bool> counted;
  member->bus.count_subscribers("a", [&](auto count) { counted = count.has_value(); });
  loop_.run_once();
  lose(*member);
  run_until([&] { return member->count(Counter::redis_unconfirmed) == 2; });
  run_until([&] { return counted.has_value(); });
  EXPECT_FALSE(*counted);
  restore(*member);
  EXPECT_TRUE(
      member->warnings.back().ends_with(" s: 0 messages dropped, 0 sent late, 2 not confirmed"))
      << member->warnings.back();
}

TEST_F(RedisOutageTest, AnswersCountsMeanwhile) {
  const auto member = start_member(settings());
  int answers = 0;
  member->bus.count_subscribers("a", [&](std::optional<std::size_t> count) {
    EXPECT_EQ(count, std::nullopt);
    ++answers;
  });
  EXPECT_EQ(answers, 0);
  run_until([&] { return answers == 1; });
}

TEST_F(RedisOutageTest, OfTheSubscriptionsLeavesPublishing) {
  server_.start();
  const auto other = connect_member(settings(), {"a"});
  const auto member = connect_member(settings(), {"a"});
  server_.command({"client", "kill", "type", "pubsub"});
  run_until([&] { return member->observer.interrupted == 1 && other->observer.connected == 2; });
  run_until([&] { return member->observer.connected == 2; });
  EXPECT_EQ(member->bus.publish("a", "1"), Published::sent);
  settle(*member);
  EXPECT_EQ(member->observer.messages, Texts{"a=1"});
  EXPECT_TRUE(member->has_warned("is away (subscriptions): ")) << member->warnings[0];
}

TEST_F(RedisOutageTest, MessagesAreDroppedWhileRedisDoesNotKeepUp) {
  server_.start();
  RedisBusSettings bounded = settings();
  bounded.max_unsent_bytes = 1'000'000;
  const auto member = connect_member(bounded, {"a"});
  server_.pause();
  std::size_t sent = 0;
  for (int i = 0; i < 100; ++i) {
    if (member->bus.publish("a", std::string(100'000, 'p')) == Published::sent) ++sent;
    if (i % 10 == 0) loop_.run_once();
  }
  EXPECT_LT(sent, 100u);
  EXPECT_EQ(member->count(Counter::redis_dropped), 100 - sent);
  ASSERT_EQ(member->warnings.size(), 1u);
  EXPECT_TRUE(member->has_warned("does not keep up"));
  server_.resume();
  run_until([&] { return member->observer.messages.size() == sent; });
  EXPECT_EQ(member->bus.publish("a", ""), Published::sent);
  EXPECT_EQ(member->observer.interrupted, 0);
}

TEST_F(RedisOutageTest, WithAWrongPasswordIsExplained) {
  server_.start({"--requirepass", "secret"});
  RedisBusSettings wrong = settings();
  wrong.url.credentials = {"", "wrong"};
  const auto member = start_member(wrong);
  run_until([&] { return member->has_warned("WRONGPASS"); });
  EXPECT_TRUE(member->has_warned("Redis does not accept the user and password"));
  for (const std::string& line : member->warnings) {
    EXPECT_EQ(line.find("wrong;"), std::string::npos) << line;
  }
  const auto without = start_member(settings());
  run_until([&] { return without->has_warned("Redis requires a password (NOAUTH"); });
  RedisBusSettings right = settings();
  right.url.credentials = {"", "secret"};
  connect_member(right);
  right.url.credentials = {"default", "secret"};
  connect_member(right);
}

TEST_F(RedisOutageTest, WithANewReasonIsReportedAgain) {
  server_.start();
  const auto member = connect_member(settings());
  lose(*member);
  server_.start({"--requirepass", "secret"});
  run_until([&] { return member->warnings.size() == 2; });
  EXPECT_TRUE(member->warnings[1].starts_with(name() + " is still away: Redis requires a password"))
      << member->warnings[1];
}

TEST_F(RedisOutageTest, RefusedMessagesAreCounted) {
  server_.start({"--user", "alice", "on", ">secret", "~*", "resetchannels", "&allowed", "+@all"});
  RedisBusSettings limited = settings();
  limited.url.credentials = {"alice", "secret"};
  const auto member = connect_member(limited, {"allowed"});
  member->bus.publish("forbidden", "1");
  member->bus.publish("allowed", "2");
  run_until([&] { return !member->observer.messages.empty(); });
  run_until([&] { return member->count(Counter::redis_dropped) == 1; });
  EXPECT_TRUE(
      member->has_warned("A message to other servers was not published: Redis does not "
                         "permit this user to do it (NOPERM"));
  member->bus.subscribe("forbidden");
  run_until([&] { return member->observer.interrupted == 1; });
  EXPECT_TRUE(member->has_warned("is away (subscriptions): Redis does not permit this user"));
}

TEST_F(RedisOutageTest, DelaysAStopByNoMoreThanASecond) {
  server_.start();
  const auto member = connect_member(settings());
  server_.pause();
  member->bus.publish("a", "1");
  const auto start = Clock::now();
  bool stopped = false;
  member->bus.stop([&] { stopped = true; });
  run_until([&] { return stopped; });
  const auto took = Clock::now() - start;
  EXPECT_GE(took, Milliseconds(900));
  EXPECT_LT(took, Milliseconds(5'000));
  EXPECT_EQ(member->warnings.size(), 1u);
  EXPECT_TRUE(member->has_warned("0 messages to other servers dropped, 1 not confirmed"))
      << member->warnings[0];
}

TEST_F(RedisOutageTest, DoesNotDelayAStopIfNothingCanBeSent) {
  server_.start();
  RedisBusSettings queueing = settings();
  queueing.max_queued_bytes = 1'000;
  const auto member = connect_member(queueing);
  lose(*member);
  EXPECT_EQ(member->bus.publish("a", "1"), Published::queued);
  bool stopped = false;
  member->bus.stop([&] { stopped = true; });
  EXPECT_TRUE(stopped);
  EXPECT_EQ(member->observer.interrupted, 1);
  EXPECT_TRUE(member->has_warned("1 message to other servers dropped, 0 not confirmed"))
      << member->warnings.back();
}

}  // namespace
}  // namespace sioserve::redis
