#include "server/redis/redis_connection.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace sioserve::redis {
namespace {

class StringSink final : public OutputSink {
 public:
  void write(std::string_view more) override { bytes += more; }
  void write_owned(std::string more) override { bytes += more; }
  void write_file(FilePart) override { FAIL(); }

  std::string take() { return std::exchange(bytes, {}); }

  std::string bytes;
};

std::string shown(const Event& event) {
  struct Show {
    std::string operator()(Ready) const { return "ready"; }
    std::string operator()(const Message& message) const {
      return message.channel + "=" + message.payload;
    }
    std::string operator()(SubscriberCount count) const {
      return count.subscribers ? "count " + std::to_string(*count.subscribers) : "no count";
    }
    std::string operator()(const PublishRefused& refused) const {
      return "not published: " + refused.reason;
    }
  };
  return std::visit(Show{}, event);
}

constexpr std::string_view pong = "+PONG\r\n";
constexpr std::string_view subscribed = "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n";
constexpr std::string_view unsubscribed = "*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n";

class RedisConnectionTest : public testing::Test {
 protected:
  using Texts = std::vector<std::string>;

  RedisConnection& connect(const Credentials& credentials = {}, PubSub pub_sub = PubSub::plain) {
    connection_.emplace(credentials, pub_sub, sink_, now_,
                        ConnectionTimes{Milliseconds(5'000), Milliseconds(2'000)}, 10'000);
    return *connection_;
  }
  RedisConnection& connect_and_log_in() {
    connect();
    EXPECT_EQ(receive(pong), Texts{"ready"});
    sink_.take();
    return *connection_;
  }

  // The events, and the error, if any.
  Texts receive(std::string_view bytes) {
    Texts texts;
    connection_->feed(bytes, now_);
    for (;;) {
      auto event = connection_->next();
      if (!event) {
        texts.push_back(
            (event.error().kind == ConnectionError::Kind::refused ? "refused: " : "lost: ") +
            event.error().reason);
        return texts;
      }
      if (!*event) return texts;
      texts.push_back(shown(**event));
    }
  }

  // The error, if any, after so much more time.
  std::string advance(int milliseconds) {
    for (; milliseconds > 100; milliseconds -= 100) {
      if (std::string error = jump(100); !error.empty()) return error;
    }
    return jump(milliseconds);
  }
  std::string jump(int milliseconds) {
    now_ += Milliseconds(milliseconds);
    const auto result = connection_->advance(now_);
    return result ? "" : result.error().reason;
  }

  TimePoint now_{std::chrono::hours(1)};
  StringSink sink_;
  std::optional<RedisConnection> connection_;
};

TEST_F(RedisConnectionTest, PingsAndIsReadyWithTheReply) {
  connect();
  EXPECT_EQ(sink_.take(), "*1\r\n$4\r\nPING\r\n");
  EXPECT_EQ(receive(pong), Texts{"ready"});
}

TEST_F(RedisConnectionTest, LogsInWithAPassword) {
  connect({"", "secret"});
  EXPECT_EQ(sink_.take(), "*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n*1\r\n$4\r\nPING\r\n");
  EXPECT_EQ(receive("+OK\r\n"), Texts{});
  EXPECT_EQ(receive(pong), Texts{"ready"});
}

TEST_F(RedisConnectionTest, LogsInWithAUserAndAPassword) {
  connect({"alice", "secret"});
  EXPECT_EQ(sink_.take(),
            "*3\r\n$4\r\nAUTH\r\n$5\r\nalice\r\n$6\r\nsecret\r\n*1\r\n$4\r\nPING\r\n");
  EXPECT_EQ(receive("+OK\r\n+PONG\r\n"), Texts{"ready"});
}

TEST_F(RedisConnectionTest, SaysWhyRedisRefusesTheConnection) {
  connect({"alice", "secret"});
  EXPECT_EQ(receive("-WRONGPASS invalid username-password pair\r\n"),
            Texts{"refused: Redis does not accept the user and password (WRONGPASS invalid "
                  "username-password pair)"});
  connect();
  EXPECT_EQ(receive("-NOAUTH Authentication required.\r\n"),
            Texts{"refused: Redis requires a password (NOAUTH Authentication required.)"});
  connect();
  EXPECT_EQ(receive("-LOADING Redis is loading the dataset in memory\r\n"),
            Texts{"refused: Redis is loading its data (LOADING Redis is loading the dataset in "
                  "memory)"});
  connect();
  EXPECT_EQ(receive("-ERR max number of clients reached\r\n"),
            Texts{"refused: Redis answers: ERR max number of clients reached"});
}

TEST_F(RedisConnectionTest, ShowsErrorsOnOneLine) {
  connect();
  EXPECT_EQ(receive("-ERR a\tb\x1b[31m\n" + std::string(1'000, 'x') + "\r\n"),
            Texts{"refused: Redis answers: ERR a?b?[31m?" + std::string(187, 'x')});
}

TEST_F(RedisConnectionTest, GetsMessagesOfSubscribedChannels) {
  RedisConnection& connection = connect_and_log_in();
  connection.subscribe("a");
  EXPECT_EQ(sink_.take(), "*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n");
  EXPECT_EQ(connection.unconfirmed_subscriptions(), 1u);
  EXPECT_EQ(receive(subscribed), Texts{});
  EXPECT_EQ(connection.unconfirmed_subscriptions(), 0u);
  EXPECT_EQ(receive("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$3\r\nx\r\n\r\n"), Texts{"a=x\r\n"});
  connection.unsubscribe("a");
  EXPECT_EQ(sink_.take(), "*2\r\n$11\r\nUNSUBSCRIBE\r\n$1\r\na\r\n");
  EXPECT_EQ(connection.unconfirmed_subscriptions(), 1u);
  EXPECT_EQ(receive(unsubscribed), Texts{});
  EXPECT_EQ(connection.unconfirmed_subscriptions(), 0u);
}

TEST_F(RedisConnectionTest, PublishesAndCountsInOrder) {
  RedisConnection& connection = connect_and_log_in();
  connection.publish("a", "one");
  connection.publish("a", "two");
  connection.count_subscribers("message");
  connection.publish("a", "");
  EXPECT_EQ(sink_.take(),
            "*3\r\n$7\r\nPUBLISH\r\n$1\r\na\r\n$3\r\none\r\n"
            "*3\r\n$7\r\nPUBLISH\r\n$1\r\na\r\n$3\r\ntwo\r\n"
            "*3\r\n$6\r\nPUBSUB\r\n$6\r\nNUMSUB\r\n$7\r\nmessage\r\n"
            "*3\r\n$7\r\nPUBLISH\r\n$1\r\na\r\n$0\r\n\r\n");
  EXPECT_EQ(connection.unconfirmed_publishes(), 3u);
  EXPECT_EQ(receive(":2\r\n:2\r\n*2\r\n$7\r\nmessage\r\n:5\r\n"), Texts{"count 5"});
  EXPECT_EQ(connection.unconfirmed_publishes(), 1u);
  EXPECT_EQ(receive(":0\r\n"), Texts{});
  EXPECT_EQ(connection.unconfirmed_publishes(), 0u);
}

TEST_F(RedisConnectionTest, WritesLargePayloadsUnchanged) {
  RedisConnection& connection = connect_and_log_in();
  const std::string payload(100'000, 'p');
  connection.publish("channel", payload);
  EXPECT_EQ(sink_.take(), "*3\r\n$7\r\nPUBLISH\r\n$7\r\nchannel\r\n$100000\r\n" + payload + "\r\n");
}

TEST_F(RedisConnectionTest, UsesOtherCommandsWhenSharded) {
  RedisConnection& connection = connect({}, PubSub::sharded);
  receive(pong);
  sink_.take();
  connection.subscribe("a");
  connection.unsubscribe("a");
  connection.publish("a", "b");
  connection.count_subscribers("a");
  EXPECT_EQ(sink_.take(),
            "*2\r\n$10\r\nSSUBSCRIBE\r\n$1\r\na\r\n*2\r\n$12\r\nSUNSUBSCRIBE\r\n$1\r\na\r\n"
            "*3\r\n$8\r\nSPUBLISH\r\n$1\r\na\r\n$1\r\nb\r\n"
            "*3\r\n$6\r\nPUBSUB\r\n$11\r\nSHARDNUMSUB\r\n$1\r\na\r\n");
  EXPECT_EQ(receive("*3\r\n$10\r\nssubscribe\r\n$1\r\na\r\n:1\r\n"
                    "*3\r\n$8\r\nsmessage\r\n$1\r\na\r\n$1\r\nb\r\n"
                    "*3\r\n$12\r\nsunsubscribe\r\n$1\r\na\r\n:0\r\n:1\r\n*2\r\n$1\r\na\r\n:1\r\n"),
            (Texts{"a=b", "count 1"}));
}

TEST_F(RedisConnectionTest, NoticesThatRedisEndsASubscription) {
  RedisConnection& connection = connect({}, PubSub::sharded);
  receive(pong);
  connection.subscribe("a");
  receive("*3\r\n$10\r\nssubscribe\r\n$1\r\na\r\n:1\r\n");
  EXPECT_EQ(receive("*3\r\n$12\r\nsunsubscribe\r\n$1\r\na\r\n:0\r\n"),
            Texts{"lost: Redis has changed subscriptions by itself"});
}

TEST_F(RedisConnectionTest, ReportsRefusedMessagesAndCounts) {
  RedisConnection& connection = connect_and_log_in();
  connection.publish("a", "b");
  connection.count_subscribers("a");
  EXPECT_EQ(receive("-NOPERM no channels\r\n-ERR unknown command\r\n"),
            (Texts{"not published: Redis does not permit this user to do it (NOPERM no channels)",
                   "no count"}));
  EXPECT_EQ(connection.unconfirmed_publishes(), 0u);
}

TEST_F(RedisConnectionTest, FailsIfASubscriptionIsRefused) {
  RedisConnection& connection = connect_and_log_in();
  connection.subscribe("a");
  EXPECT_EQ(receive("-NOPERM no channels\r\n"),
            Texts{"refused: Redis does not permit this user to do it (NOPERM no channels)"});
}

TEST_F(RedisConnectionTest, FailsWithAnUnexpectedReply) {
  const Texts expected{"lost: Redis has sent an unexpected reply"};
  connect_and_log_in();
  EXPECT_EQ(receive(":1\r\n"), expected);
  connect_and_log_in().publish("a", "b");
  EXPECT_EQ(receive("+OK\r\n"), expected);
  connect_and_log_in().count_subscribers("a");
  EXPECT_EQ(receive("*2\r\n$1\r\na\r\n:-1\r\n"), expected);
  connect();
  EXPECT_EQ(receive("*1\r\n$4\r\nPING\r\n"), expected);  // connected to itself
  connect({"", "secret"});
  EXPECT_EQ(receive(":1\r\n"), expected);
  connect_and_log_in();
  EXPECT_EQ(receive("*3\r\n$7\r\nmessage\r\n:1\r\n:2\r\n"), expected);
}

TEST_F(RedisConnectionTest, FailsForGood) {
  connect();
  const Texts refused = receive("-LOADING wait\r\n+PONG\r\n");
  EXPECT_EQ(refused, Texts{"refused: Redis is loading its data (LOADING wait)"});
  EXPECT_EQ(receive(pong), refused);
  EXPECT_EQ(advance(1), "Redis is loading its data (LOADING wait)");
}

TEST_F(RedisConnectionTest, FailsWithAReplyThatIsTooLarge) {
  connect_and_log_in();
  EXPECT_EQ(receive("$1000000\r\n" + std::string(10'000, 'x')),
            Texts{"lost: Redis' reply can't be read: a reply is larger than 10000 bytes"});
}

TEST_F(RedisConnectionTest, ReadsBytesThatAreCutAnywhere) {
  const std::string bytes = std::string(pong) + std::string(subscribed) +
                            "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$5\r\nhello\r\n" +
                            std::string(unsubscribed) + "*2\r\n$4\r\npong\r\n$0\r\n\r\n";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    RedisConnection& connection = connect();
    connection.subscribe("a");
    connection.unsubscribe("a");
    Texts texts = receive(std::string_view(bytes).substr(0, cut));
    if (cut == bytes.size()) break;
    now_ += Milliseconds(1);
    const Texts rest = receive(std::string_view(bytes).substr(cut));
    texts.insert(texts.end(), rest.begin(), rest.end());
    // The last reply was not asked for.
    EXPECT_EQ(texts, (Texts{"ready", "a=hello", "lost: Redis has sent an unexpected reply"}))
        << cut;
  }
}

TEST_F(RedisConnectionTest, PingsAQuietConnection) {
  connect_and_log_in();
  EXPECT_EQ(advance(4'999), "");
  EXPECT_EQ(sink_.take(), "");
  EXPECT_EQ(advance(1), "");
  EXPECT_EQ(sink_.take(), "*1\r\n$4\r\nPING\r\n");
  EXPECT_EQ(receive("*2\r\n$4\r\npong\r\n$0\r\n\r\n"), Texts{});  // with subscriptions
  EXPECT_EQ(advance(5'000), "");
  EXPECT_EQ(sink_.take(), "*1\r\n$4\r\nPING\r\n");
  EXPECT_EQ(receive(pong), Texts{});  // without
}

TEST_F(RedisConnectionTest, NoticesThatRedisDoesNotAnswerAPing) {
  connect_and_log_in();
  EXPECT_EQ(advance(5'000), "");
  EXPECT_EQ(advance(1'999), "");
  EXPECT_EQ(advance(1), "Redis has not answered for 2000 ms");
}

TEST_F(RedisConnectionTest, NoticesThatRedisNeverAnswers) {
  connect();
  EXPECT_EQ(advance(1'999), "");
  EXPECT_EQ(advance(1), "Redis has not answered for 2000 ms");
}

TEST_F(RedisConnectionTest, DoesNotCountTheTimeInWhichThisProcessDidNotRun) {
  connect_and_log_in().publish("a", "b");
  EXPECT_EQ(jump(60'000), "");
  EXPECT_EQ(advance(1'999), "");
  EXPECT_EQ(advance(1), "Redis has not answered for 2000 ms");
}

TEST_F(RedisConnectionTest, WaitsWhileRedisAnswersOrTakesBytes) {
  RedisConnection& connection = connect_and_log_in();
  connection.publish("a", "b");
  EXPECT_EQ(advance(1'500), "");
  connection.publish("a", "c");  // no sign of life
  receive(":1\r\n");
  EXPECT_EQ(advance(1'500), "");
  connection.output_progressed(now_);
  EXPECT_EQ(advance(1'999), "");
  connection.publish("a", "d");
  EXPECT_EQ(advance(1), "Redis has not answered for 2000 ms");
}

TEST_F(RedisConnectionTest, MeasuresTheTimeoutFromTheCommandAfterARest) {
  RedisConnection& connection = connect_and_log_in();
  EXPECT_EQ(advance(4'900), "");
  connection.publish("a", "b");
  EXPECT_EQ(advance(1'999), "");
}

}  // namespace
}  // namespace sioserve::redis
