// The bus between servers (socketio/cluster/bus.h) on Redis' publish and subscribe. Lives on the
// loop's thread.
//
// It has two connections, because Redis allows no other commands on one with subscriptions. Each is
// made again when it is lost. The bus is connected while both are logged in and Redis has confirmed
// all subscriptions. publish() needs the second connection only; but what has waited for Redis is
// sent when the bus is connected, because other servers have to subscribe again, too.
//
// Delivery is at most once: what was written to a connection that is then lost is not written
// again. It is counted as unconfirmed unless Redis has answered.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/base/counters.h"
#include "server/base/limit_episode.h"
#include "server/base/logger.h"
#include "server/net/deferred_queue.h"
#include "server/net/loop.h"
#include "server/net/timer.h"
#include "server/redis/redis_link.h"
#include "server/redis/redis_tls.h"
#include "server/redis/redis_url.h"
#include "socketio/cluster/bus.h"

namespace sioserve::redis {

struct RedisBusSettings {
  RedisUrl url;
  std::shared_ptr<const tls::ClientContext> tls;  // if the URL is one with TLS
  PubSub pub_sub = PubSub::plain;
  // Of messages that wait while Redis is away; more are dropped. 0: all are dropped.
  std::size_t max_queued_bytes = 0;
  // Written but not taken by the kernel, because Redis does not keep up; more is dropped. Also for
  // the messages that wait for the first attempt to connect, and for one message: below what
  // others can read (ReplyReader::default_max_bytes).
  std::size_t max_unsent_bytes = 64'000'000;
  ConnectionTimes times;
};

class RedisBus final : public socketio::cluster::Bus, LinkOwner, net::DeferredTask {
 public:
  RedisBus(net::Loop& loop, RedisBusSettings settings, const Logger& logger, Counters& counters);

  // Begins to connect, and to watch the files of the certificates. Subscriptions may be made
  // before. Before the loop runs, on any thread.
  void start(socketio::cluster::BusObserver& observer);
  // Waits until Redis has what was published, but no longer than a second, and closes the
  // connections. The observer gets no more calls. `stopped` may be called within this call.
  void stop(std::function<void()> stopped);

  // Reads the files of the certificates again, for connections that are made from now on.
  void reload_certificates() { tls_.reload(); }

  void subscribe(const std::string& channel) override;
  void unsubscribe(const std::string& channel) override;
  Published publish(const std::string& channel, std::string payload) override;
  Published publish_now(const std::string& channel, std::string payload) override;
  void count_subscribers(const std::string& channel, Count answer) override;

  // The time that Redis took to answer a publish, of the latest one that was measured; longer if
  // one waits longer now. One is measured at a time.
  std::chrono::microseconds lag() const;

 private:
  // A publish whose answer is awaited.
  struct Measured {
    std::size_t number;
    TimePoint sent;  // of Clock: the loop's time has whole milliseconds
  };

  enum class State { idle, first_attempt, connected, interrupted, stopping, stopped };

  struct Waiting {
    std::string channel;
    std::string payload;
  };

  // From the loss of a connection until the bus is connected again.
  struct Outage {
    TimePoint since;
    std::size_t dropped = 0;
    std::size_t queued = 0;  // in total; dropped ones are not in it
    std::size_t unconfirmed = 0;
    std::vector<std::string> reasons;  // logged
  };

  void link_ready(RedisLink& link) override;
  void link_event(RedisLink& link, Event event) override;
  void link_progressed(RedisLink& link) override;
  void link_lost(RedisLink& link, const ConnectionError& error,
                 std::size_t unconfirmed_publishes) override;
  void on_turn_end() override;

  void handle(Message message);
  void handle(SubscriberCount count);
  void handle(const PublishRefused& refused);
  void handle(Ready) {}

  // Nullopt: the message can only wait, and is unchanged.
  std::optional<Published> try_send(const std::string& channel, std::string& payload);
  void send(const std::string& channel, std::string payload);
  void send_queue();
  void measure();
  Published drop();
  void shorten_queue();
  void report_loss(const RedisLink& link, const ConnectionError& error);
  void connect_if_complete();
  // Waiting messages are sent after the other servers have also had time to connect.
  bool must_wait_for_others();
  void report_recovery();
  void stop_if_flushed();
  void finish_stop();
  void tick();

  net::Loop& loop_;
  const RedisBusSettings settings_;
  const Logger& logger_;
  Counters& counters_;
  socketio::cluster::BusObserver* observer_ = nullptr;  // null: not started, or stopped
  State state_ = State::idle;
  std::unordered_map<std::string, std::size_t> subscriptions_;  // with the number of calls
  std::deque<Waiting> queue_;
  std::size_t queued_bytes_ = 0;
  std::optional<Outage> outage_;
  LimitEpisode slow_;         // Redis does not keep up
  LimitEpisode refused_;      // by Redis
  std::deque<Count> counts_;  // asked, in order
  std::size_t sent_ = 0;      // messages
  std::optional<Measured> measured_;
  std::chrono::microseconds lag_{0};
  std::vector<Count> failed_counts_;  // to be called at the end of the loop iteration
  std::function<void()> stopped_;
  RedisTls tls_;
  RedisLink subscriber_;
  RedisLink publisher_;
  net::Timer tick_;
  net::Timer stop_limit_;
  net::Timer others_;                    // runs until others_due_
  std::optional<TimePoint> others_due_;  // null: it is not waited for them
};

}  // namespace sioserve::redis
