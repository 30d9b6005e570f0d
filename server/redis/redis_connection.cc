#include "server/redis/redis_connection.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace sioserve::redis {
namespace {

// Larger payloads are not copied into the command.
constexpr std::size_t copied_payload = 4096;
constexpr std::size_t shown_error = 200;

void append_size(std::string& out, char mark, std::size_t size) {
  out += mark;
  out += std::to_string(size);
  out += "\r\n";
}

void append_word(std::string& out, std::string_view word) {
  append_size(out, '$', word.size());
  out += word;
  out += "\r\n";
}

struct Words {
  std::string_view subscribe, unsubscribe, publish, count;
  std::string_view subscribed, unsubscribed, message;  // the first words of what Redis sends
};

constexpr Words plain_words{"SUBSCRIBE", "UNSUBSCRIBE", "PUBLISH", "NUMSUB",
                            "subscribe", "unsubscribe", "message"};
constexpr Words sharded_words{"SSUBSCRIBE", "SUNSUBSCRIBE", "SPUBLISH", "SHARDNUMSUB",
                              "ssubscribe", "sunsubscribe", "smessage"};

const Words& words_of(PubSub pub_sub) {
  switch (pub_sub) {
    case PubSub::plain:
      return plain_words;
    case PubSub::sharded:
      return sharded_words;
  }
  __builtin_unreachable();
}

// Redis' errors begin with a code.
struct Explanation {
  std::string_view code;
  std::string_view text;
};

constexpr Explanation explanations[] = {
    {"NOAUTH", "Redis requires a password"},
    {"WRONGPASS", "Redis does not accept the user and password"},
    {"NOPERM", "Redis does not permit this user to do it"},
    {"LOADING", "Redis is loading its data"},
    {"MASTERDOWN", "Redis is a replica without its master"},
    {"MOVED", "Redis is a node of a cluster, and the channel belongs to another node"},
    {"CROSSSLOT", "Redis is a node of a cluster, and the channels belong to different nodes"},
    {"CLUSTERDOWN", "Redis is a node of a cluster that is down"},
};

// An error of Redis as a sentence for the log, on one line.
std::string explain(std::string_view error) {
  std::string shown(error.substr(0, shown_error));
  std::ranges::replace_if(
      shown, [](char c) { return c < ' ' || c > '~'; }, '?');
  for (const auto& [code, text] : explanations) {
    if (error.starts_with(code)) return std::string(text) + " (" + shown + ")";
  }
  return "Redis answers: " + shown;
}

bool is_word(const Reply& reply, std::string_view word) {
  return reply.type == Reply::Type::string && reply.text == word;
}

Failure<ConnectionError> lost(std::string reason) {
  return Failure{ConnectionError{ConnectionError::Kind::lost, std::move(reason)}};
}

Failure<ConnectionError> unexpected() { return lost("Redis has sent an unexpected reply"); }

}  // namespace

RedisConnection::RedisConnection(const Credentials& credentials, PubSub pub_sub, OutputSink& output,
                                 TimePoint now, ConnectionTimes times, std::size_t max_reply_bytes)
    : pub_sub_(pub_sub),
      output_(output),
      times_(times),
      reader_(max_reply_bytes),
      now_(now),
      last_sign_(now) {
  if (!credentials.user.empty()) {
    send(Command::login, {"AUTH", credentials.user, credentials.password});
  } else if (!credentials.password.empty()) {
    send(Command::login, {"AUTH", credentials.password});
  }
  send(Command::first_ping, {"PING"});
}

void RedisConnection::subscribe(std::string_view channel) {
  ++unconfirmed_subscriptions_;
  send(Command::subscribe, {words_of(pub_sub_).subscribe, channel});
}

void RedisConnection::unsubscribe(std::string_view channel) {
  ++unconfirmed_subscriptions_;
  send(Command::unsubscribe, {words_of(pub_sub_).unsubscribe, channel});
}

void RedisConnection::publish(std::string_view channel, std::string payload) {
  ++unconfirmed_publishes_;
  if (payload.size() <= copied_payload) {
    return send(Command::publish, {words_of(pub_sub_).publish, channel, payload});
  }
  expect(Command::publish);
  std::string out;
  append_size(out, '*', 3);
  append_word(out, words_of(pub_sub_).publish);
  append_word(out, channel);
  append_size(out, '$', payload.size());
  output_.write(out);
  output_.write_owned(std::move(payload));
  output_.write("\r\n");
}

void RedisConnection::count_subscribers(std::string_view channel) {
  send(Command::count, {"PUBSUB", words_of(pub_sub_).count, channel});
}

void RedisConnection::send(Command command, std::initializer_list<std::string_view> words) {
  expect(command);
  std::string out;
  std::size_t size = 16;
  for (const std::string_view word : words) size += word.size() + 16;
  out.reserve(size);
  append_size(out, '*', words.size());
  for (const std::string_view word : words) append_word(out, word);
  output_.write(out);
}

void RedisConnection::expect(Command command) {
  if (expected_.empty()) last_sign_ = now_;
  if (!expected_.empty() && expected_.back().command == command) {
    ++expected_.back().count;
  } else {
    expected_.push_back({command, 1});
  }
}

std::optional<RedisConnection::Command> RedisConnection::take_expected() {
  if (expected_.empty()) return std::nullopt;
  const Command command = expected_.front().command;
  if (--expected_.front().count == 0) expected_.pop_front();
  return command;
}

void RedisConnection::feed(std::string_view bytes, TimePoint now) {
  now_ = now;
  last_sign_ = now;
  reader_.feed(bytes);
}

RedisConnection::Taken RedisConnection::next() {
  while (!error_) {
    auto reply = reader_.next();
    if (!reply) {
      error_ = lost("Redis' reply can't be read: " + reply.error()).error;
    } else if (!*reply) {
      return std::optional<Event>();
    } else {
      Taken taken = on_reply(std::move(**reply));
      if (taken && *taken) return taken;
      if (!taken) error_ = taken.error();
    }
  }
  return Failure{*error_};
}

RedisConnection::Taken RedisConnection::on_reply(Reply reply) {
  if (reply.type == Reply::Type::error) return on_error(reply.text);
  // Only what subscriptions cause has three elements.
  if (reply.type == Reply::Type::array && reply.elements.size() == 3) return on_push(reply);
  const std::optional<Command> command = take_expected();
  if (!command) return unexpected();
  return on_answer(*command, reply);
}

RedisConnection::Taken RedisConnection::on_push(Reply& reply) {
  const Words& words = words_of(pub_sub_);
  const Reply& kind = reply.elements[0];
  Reply& channel = reply.elements[1];
  Reply& payload = reply.elements[2];
  if (is_word(kind, words.message) && channel.type == Reply::Type::string &&
      payload.type == Reply::Type::string) {
    return std::optional<Event>(Message{std::move(channel.text), std::move(payload.text)});
  }
  if (is_word(kind, words.subscribed)) return on_confirmed(Command::subscribe);
  if (is_word(kind, words.unsubscribed)) return on_confirmed(Command::unsubscribe);
  return unexpected();
}

RedisConnection::Taken RedisConnection::on_confirmed(Command command) {
  if (expected_.empty() || expected_.front().command != command) {
    // Redis ends sharded subscriptions when the channel moves to another node of its cluster.
    return lost("Redis has changed subscriptions by itself");
  }
  take_expected();
  --unconfirmed_subscriptions_;
  return std::optional<Event>();
}

RedisConnection::Taken RedisConnection::on_answer(Command command, const Reply& reply) {
  switch (command) {
    case Command::login:
      if (reply.type != Reply::Type::status) break;
      return std::optional<Event>();
    case Command::first_ping:
    case Command::ping: {
      // With subscriptions the reply is an array of two strings.
      const bool is_pong = reply.type == Reply::Type::status ||
                           (reply.type == Reply::Type::array && reply.elements.size() == 2 &&
                            is_word(reply.elements[0], "pong"));
      if (!is_pong) break;
      if (command == Command::first_ping) return std::optional<Event>(Ready{});
      return std::optional<Event>();
    }
    case Command::publish:
      if (reply.type != Reply::Type::integer) break;
      --unconfirmed_publishes_;
      return std::optional<Event>();
    case Command::count: {
      const bool is_count = reply.type == Reply::Type::array && reply.elements.size() == 2 &&
                            reply.elements[1].type == Reply::Type::integer &&
                            reply.elements[1].integer >= 0;
      if (!is_count) break;
      return std::optional<Event>(
          SubscriberCount{static_cast<std::size_t>(reply.elements[1].integer)});
    }
    case Command::subscribe:
    case Command::unsubscribe:
      break;
  }
  return unexpected();
}

// An error that belongs to no command says why Redis closes the connection.
RedisConnection::Taken RedisConnection::on_error(const std::string& text) {
  const std::optional<Command> command = take_expected();
  if (command == Command::publish) {
    --unconfirmed_publishes_;
    return std::optional<Event>(PublishRefused{explain(text)});
  }
  if (command == Command::count) return std::optional<Event>(SubscriberCount{});
  return Failure{ConnectionError{ConnectionError::Kind::refused, explain(text)}};
}

Result<std::monostate, ConnectionError> RedisConnection::advance(TimePoint now) {
  // This process did not run, so it could not read what Redis has sent.
  if (now - now_ >= times_.timeout / 2) last_sign_ = now;
  now_ = now;
  if (!error_ && !expected_.empty() && now - last_sign_ >= times_.timeout) {
    const std::string time = std::to_string(times_.timeout.count());
    error_ = lost("Redis has not answered for " + time + " ms").error;
  }
  if (error_) return Failure{*error_};
  if (expected_.empty() && now - last_sign_ >= times_.ping_after) send(Command::ping, {"PING"});
  return std::monostate{};
}

}  // namespace sioserve::redis
