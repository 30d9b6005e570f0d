// Servers of a cluster in memory, with clients on fake WebSockets, on one bus that delivers when
// the test says so.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "socketio/cluster/cluster.h"
#include "socketio/cluster/formats.h"
#include "tests/unit/socketio/fixture.h"

namespace sioserve::socketio::cluster {

class FakeNetwork;

// One server's end of the bus. Messages of one channel stay in order.
class FakeBus final : public Bus {
 public:
  explicit FakeBus(FakeNetwork& network) : network_(network) {}

  void subscribe(const std::string& channel) override { ++subscriptions_[channel]; }
  void unsubscribe(const std::string& channel) override {
    ASSERT_GT(subscriptions_[channel], 0);
    if (--subscriptions_[channel] == 0) subscriptions_.erase(channel);
  }
  inline Published publish(const std::string& channel, std::string payload) override;
  inline Published publish_now(const std::string& channel, std::string payload) override;
  // What was queued is sent.
  inline void reconnect();
  inline void count_subscribers(const std::string& channel, Count answer) override;

  bool is_subscribed(const std::string& channel) const { return subscriptions_.contains(channel); }
  std::size_t subscriptions() const { return subscriptions_.size(); }

  // Messages that are on their way here, by channel.
  std::map<std::string, std::deque<std::string>> arriving;
  std::vector<std::pair<Count, std::string>> counting;
  bool is_cut = false;
  bool queues = false;                 // what is published while the bus is cut
  std::size_t lost = 0;                // messages of subscribed channels that did not arrive
  std::vector<std::string> published;  // channels

 private:
  FakeNetwork& network_;
  std::map<std::string, int> subscriptions_;
  std::vector<std::pair<std::string, std::string>> queue_;  // channels and payloads
};

// Destroyed in this order: clients, cluster, server.
struct Member {
  enum class Wire { plain, sharded, python };

  Member(FakeNetwork& network, Wire wire) : bus(network) {
    RedisConfig config;
    config.sharded = wire == Wire::sharded;
    if (wire == Wire::python) config.format = RedisConfig::Format::python_socketio;
    std::unique_ptr<const Format> format = make_format(config);
    cluster = std::make_unique<Cluster>(*fixture.server, bus, std::move(format), fixture.sink,
                                        fixture.limits, fixture.logger);
    cluster->join();
  }
  ~Member() {
    fixture.peers.clear();
    fixture.server.reset();
  }

  struct Client {
    Peer* peer;
    SocketId socket;
    std::string id;
  };
  Client connect(const std::string& name_space = "/") {
    Peer& peer = fixture.open();
    const SocketId socket = fixture.join_namespace(peer, name_space);
    return {&peer, socket, fixture.public_id(socket)};
  }
  void join(const Client& client, const std::string& room) {
    fixture.server->handle(SocketJoin{client.socket, room});
  }

  FakeBus bus;
  ServerFixture fixture;
  std::unique_ptr<Cluster> cluster;
};

class FakeNetwork {
 public:
  Member& add(Member::Wire wire = Member::Wire::plain) {
    return *members.emplace_back(std::make_unique<Member>(*this, wire));
  }

  // The server ends without a word, and a new one takes its place.
  Member& restart(std::size_t index, Member::Wire wire) {
    members[index].reset();  // the bus of the old one delivers nothing any more
    members[index] = std::make_unique<Member>(*this, wire);
    members[index]->cluster->advance(now);
    return *members[index];
  }

  // What is on its way to the server is lost.
  static void lose_arriving(Member& member) {
    for (const auto& [channel, messages] : member.bus.arriving) member.bus.lost += messages.size();
    member.bus.arriving.clear();
  }

  // Delivers everything, and what is sent because of it.
  void settle() {
    while (deliver_some()) {
    }
  }

  void advance(Milliseconds time) {
    now += time;
    for (const auto& member : members) member->cluster->advance(now);
  }

  // One message of this channel to this server. False: there is none.
  static bool deliver(Member& member, const std::string channel) {
    const auto found = member.bus.arriving.find(channel);
    if (found == member.bus.arriving.end()) return false;
    const std::string payload = std::move(found->second.front());
    found->second.pop_front();
    if (found->second.empty()) member.bus.arriving.erase(found);
    if (member.bus.is_subscribed(channel)) member.cluster->message_received(channel, payload);
    return true;
  }

  void answer_counts(Member& member) const {
    for (auto& [answer, channel] : std::exchange(member.bus.counting, {})) {
      std::optional<std::size_t> count;
      if (!member.bus.is_cut) {
        count = static_cast<std::size_t>(std::count_if(
            members.begin(), members.end(),
            [&](const auto& one) { return !one->bus.is_cut && one->bus.is_subscribed(channel); }));
      }
      answer(count);
    }
  }

  std::vector<std::unique_ptr<Member>> members;
  TimePoint now{};

 private:
  bool deliver_some() {
    bool any = false;
    for (const auto& member : members) {
      while (!member->bus.arriving.empty()) {
        any = deliver(*member, member->bus.arriving.begin()->first);
      }
      any = any || !member->bus.counting.empty();
      answer_counts(*member);
    }
    return any;
  }
};

Bus::Published FakeBus::publish(const std::string& channel, std::string payload) {
  if (is_cut && queues) {
    queue_.emplace_back(channel, std::move(payload));
    return Published::queued;
  }
  return publish_now(channel, std::move(payload));
}

void FakeBus::reconnect() {
  is_cut = false;
  for (auto& [channel, payload] : std::exchange(queue_, {})) publish(channel, std::move(payload));
}

Bus::Published FakeBus::publish_now(const std::string& channel, std::string payload) {
  published.push_back(channel);
  for (const auto& member : network_.members) {
    if (!member || !member->bus.is_subscribed(channel)) continue;
    if (is_cut || member->bus.is_cut) {
      ++member->bus.lost;
    } else {
      member->bus.arriving[channel].push_back(payload);
    }
  }
  return is_cut ? Published::dropped : Published::sent;
}

void FakeBus::count_subscribers(const std::string& channel, Count answer) {
  counting.emplace_back(std::move(answer), channel);
}

}  // namespace sioserve::socketio::cluster
