// Keeps one connection to Redis: connects, notices that Redis is away, and connects again. Lives on
// the loop's thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "server/base/background.h"
#include "server/base/clock.h"
#include "server/net/connector.h"
#include "server/net/loop.h"
#include "server/net/stream.h"
#include "server/net/timer.h"
#include "server/redis/backoff.h"
#include "server/redis/redis_connection.h"
#include "server/redis/redis_tls.h"
#include "server/redis/redis_url.h"
#include "server/tls/stream.h"

namespace sioserve::redis {

class RedisLink;

// Never called within a call on the link.
class LinkOwner {
 public:
  virtual void link_ready(RedisLink& link) = 0;
  // Any event but Ready.
  virtual void link_event(RedisLink& link, Event event) = 0;
  // Redis has confirmed a subscription or has answered a command.
  virtual void link_progressed(RedisLink& link) = 0;
  // The connection is lost, or an attempt has failed; another attempt follows. Redis has not
  // answered so many calls of publish().
  virtual void link_lost(RedisLink& link, const ConnectionError& error,
                         std::size_t unconfirmed_publishes) = 0;

 protected:
  ~LinkOwner() = default;
};

class RedisLink final : net::StreamListener {
 public:
  // All references outlive the link.
  RedisLink(net::Loop& loop, const RedisUrl& url, const RedisTls& tls, PubSub pub_sub,
            ConnectionTimes times, LinkOwner& owner);

  // May be called before the loop runs, on another thread. The threads of libuv's pool, which
  // resolve the name, are not started by that thread, because they inherit its signal mask.
  void start();
  // For good; what is unsent is lost.
  void close();

  // Logged in, and not lost.
  bool ready() const { return state_ == State::ready; }
  // Only while ready().
  RedisConnection& connection() { return *connection_; }
  // Bytes that the kernel has not taken.
  std::size_t unsent() const { return stream_ ? stream_->buffered() : 0; }

 private:
  enum class State { idle, connecting, logging_in, ready, waiting, closed };

  void connect();
  void on_connected(net::Connector::Connected connected);
  void make_stream(std::unique_ptr<net::Stream> socket);
  void take_events();
  void lose(const ConnectionError& error);
  void on_tick();

  void on_read(std::string_view bytes) override;
  void on_end() override;
  void on_drain() override;
  void on_file_failed(const OpenFile& file, std::string_view reason) override;
  void on_broken() override;

  net::Loop& loop_;
  const RedisUrl& url_;
  const RedisTls& tls_;
  const PubSub pub_sub_;
  const ConnectionTimes times_;
  LinkOwner& owner_;
  State state_ = State::idle;
  Backoff backoff_;
  TimePoint ready_since_;
  net::Connector connector_;
  net::Timer retry_;
  net::Timer tick_;
  const Background run_in_background_;
  tls::StreamEnvironment tls_streams_;
  // Kept until the next ones replace them, because they may be in use when they fail.
  std::unique_ptr<net::Stream> stream_;
  const tls::Stream* tls_stream_ = nullptr;  // stream_, if it is one with TLS
  std::unique_ptr<RedisConnection> connection_;
};

}  // namespace sioserve::redis
