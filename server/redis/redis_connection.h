// One connection to Redis, as bytes in and bytes out, in RESP 2. Knows no sockets and no clocks.
//
// The engine logs in and sends a PING; their replies are `Ready`. Commands are pipelined, also
// before that. Redis answers in order, so `expected_` has what the next replies belong to. Messages
// of subscribed channels come in between. While nothing arrives, the engine pings.
//
// Redis allows no other commands on a connection with subscriptions, so a client that does more
// than subscribe needs a second one.
#pragma once

#include <cstddef>
#include <deque>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "server/base/clock.h"
#include "server/base/output_sink.h"
#include "server/base/result.h"
#include "server/redis/credentials.h"
#include "server/redis/reply.h"

namespace sioserve::redis {

// Sharded: SSUBSCRIBE and SPUBLISH, from Redis 7.0. The channels are apart from the plain ones.
enum class PubSub { plain, sharded };

struct ConnectionTimes {
  Milliseconds ping_after{5'000};  // without any bytes from Redis
  Milliseconds timeout{5'000};     // for the reply to any command, while nothing arrives
};

// Logged in; Redis answers.
struct Ready {};
struct Message {
  std::string channel;
  std::string payload;
};
// To count_subscribers(), in the order of the calls.
struct SubscriberCount {
  std::optional<std::size_t> subscribers;  // nullopt: Redis has refused to count
};
// Redis has not published a message.
struct PublishRefused {
  std::string reason;
};
using Event = std::variant<Ready, Message, SubscriberCount, PublishRefused>;

// Why a connection must be closed.
struct ConnectionError {
  enum class Kind {
    lost,     // it is broken or silent, or its bytes make no sense
    refused,  // Redis has said why, or TLS says what is wrong with it
  };
  Kind kind;
  std::string reason;
};

class RedisConnection {
 public:
  // Writes the login and a PING.
  RedisConnection(const Credentials& credentials, PubSub pub_sub, OutputSink& output, TimePoint now,
                  ConnectionTimes times = {},
                  std::size_t max_reply_bytes = ReplyReader::default_max_bytes);

  void subscribe(std::string_view channel);
  void unsubscribe(std::string_view channel);
  void publish(std::string_view channel, std::string payload);
  void count_subscribers(std::string_view channel);

  // Parts of ReplyReader::good_part, with next() in between until it has no more.
  void feed(std::string_view bytes, TimePoint now);
  // An error is final.
  Result<std::optional<Event>, ConnectionError> next();
  // Redis has taken bytes, which is a sign of life too.
  void output_progressed(TimePoint now) { last_sign_ = now; }
  // To be called several times within ConnectionTimes::timeout. An error is final.
  Result<std::monostate, ConnectionError> advance(TimePoint now);

  // Calls of subscribe() and unsubscribe() that Redis has not confirmed.
  std::size_t unconfirmed_subscriptions() const { return unconfirmed_subscriptions_; }
  // Calls of publish() that Redis has not answered.
  std::size_t unconfirmed_publishes() const { return unconfirmed_publishes_; }

 private:
  enum class Command { login, first_ping, ping, subscribe, unsubscribe, publish, count };

  // Equal commands in a row are one entry.
  struct Expected {
    Command command;
    std::size_t count;
  };

  using Taken = Result<std::optional<Event>, ConnectionError>;

  void send(Command command, std::initializer_list<std::string_view> words);
  void expect(Command command);
  std::optional<Command> take_expected();
  Taken on_reply(Reply reply);
  Taken on_push(Reply& reply);
  Taken on_answer(Command command, const Reply& reply);
  Taken on_error(const std::string& text);
  Taken on_confirmed(Command command);

  const PubSub pub_sub_;
  OutputSink& output_;
  const ConnectionTimes times_;
  ReplyReader reader_;
  std::deque<Expected> expected_;
  std::size_t unconfirmed_subscriptions_ = 0;
  std::size_t unconfirmed_publishes_ = 0;
  std::optional<ConnectionError> error_;
  TimePoint now_;        // of the latest call that has told it
  TimePoint last_sign_;  // the latest sign of life, or the first command after a rest
};

}  // namespace sioserve::redis
