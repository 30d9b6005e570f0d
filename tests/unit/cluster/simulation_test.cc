// Several servers on one bus that delays messages, changes the order between channels, and loses
// what is on its way to a server that it cuts off. Servers end and are started again. All from one
// seed, which is printed on failure.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/cluster/fake_network.h"

namespace sioserve::socketio::cluster {
namespace {

constexpr int steps = 2'000;
constexpr int servers = 3;
constexpr int rooms = 4;
constexpr std::size_t most_clients = 6;  // of one server

class Simulation {
 public:
  Simulation(unsigned seed, Member::Wire wire) : random_(seed), wire_(wire) {
    for (int i = 0; i < servers; ++i) network_.add(wire);
    clients_.resize(servers);
    asked_.resize(servers);
  }

  void run() {
    for (int step = 0; step < steps; ++step) {
      act();
      if (step % 100 == 99) check_calm();
    }
    check_calm();
    finish_requests();
  }

 private:
  struct SimulatedClient {
    Member::Client client;
    std::set<std::string> rooms;
  };

  std::size_t pick(std::size_t size) { return random_() % size; }
  std::string room() { return "r" + std::to_string(pick(rooms)); }

  void act() {
    const std::size_t server = pick(servers);
    Member& member = *network_.members[server];
    auto& clients = clients_[server];
    switch (pick(10)) {
      case 0:
        if (clients.size() < most_clients) clients.push_back({member.connect(), {}});
        break;
      case 1:
        if (!clients.empty()) {
          SimulatedClient& one = clients[pick(clients.size())];
          const std::string joined = room();
          member.join(one.client, joined);
          one.rooms.insert(joined);
        }
        break;
      case 2:
        if (!clients.empty()) {
          SimulatedClient& one = clients[pick(clients.size())];
          const std::string left = room();
          member.fixture.server->handle(SocketLeave{one.client.socket, left});
          one.rooms.erase(left);
        }
        break;
      case 3:
        if (!clients.empty() && pick(4) == 0) {
          const std::size_t gone = pick(clients.size());
          read(clients[gone]);
          member.fixture.server->handle(SocketClose{clients[gone].client.socket, true});
          clients.erase(clients.begin() + static_cast<std::ptrdiff_t>(gone));
        }
        break;
      case 4:
        if (pick(10) == 0) {
          member.bus.is_cut = !member.bus.is_cut;
          FakeNetwork::lose_arriving(member);
        } else if (pick(20) == 0) {
          restart(server);
        }
        break;
      case 5: {
        const ClusterTopic topic =
            pick(2) == 0 ? ClusterTopic::fetch_sockets : ClusterTopic::counters;
        AskServers asking{++asked_[server], topic, "/", {}, {}, {"[]", {}}};
        asking.timeout = Milliseconds{1'000};
        member.cluster->handle(ClusterCommand(std::move(asking)));
        break;
      }
      case 6:
        network_.advance(Milliseconds{static_cast<std::int64_t>(pick(500))});
        network_.answer_counts(member);
        break;
      default:
        if (pick(2) == 0) {
          emit(server, pick(2) == 0 ? std::vector<std::string>{room()}
                                    : std::vector<std::string>{room(), room()});
        } else if (!member.bus.arriving.empty()) {
          auto channel = member.bus.arriving.begin();
          std::advance(channel, pick(member.bus.arriving.size()));
          FakeNetwork::deliver(member, std::string(channel->first));
        }
    }
  }

  std::uint64_t emit(std::size_t server, std::vector<std::string> to) {
    const std::uint64_t number = ++emitted_;
    network_.members[server]->fixture.server->handle(SocketBroadcast{
        "/",
        std::move(to),
        {},
        {"[\"e\"," + std::to_string(server) + "," + std::to_string(number) + "]", {}}});
    return number;
  }

  void restart(std::size_t server) {
    for (SimulatedClient& one : clients_[server]) read(one);
    clients_[server].clear();
    network_.restart(server, wire_);
    asked_[server] = 0;  // the others are answered
  }

  // Events must not come twice. Returns their numbers.
  std::set<std::uint64_t> read(SimulatedClient& reader) {
    std::set<std::uint64_t> numbers;
    for (const std::string& message : reader.client.peer->take()) {
      if (!message.starts_with("42")) continue;
      const Json event = Json::parse(message.substr(2));
      const auto number = event[2].get<std::uint64_t>();
      EXPECT_TRUE(numbers.insert(number).second) << "twice: " << message;
      EXPECT_TRUE(seen_[reader.client.id].insert(number).second) << "twice: " << message;
    }
    return numbers;
  }

  // With everything delivered and nobody cut off, an event reaches exactly the members.
  void check_calm() {
    for (const auto& member : network_.members) member->bus.is_cut = false;
    network_.settle();
    for (std::size_t server = 0; server < clients_.size(); ++server) {
      for (SimulatedClient& one : clients_[server]) read(one);
    }
    const std::vector<std::string> to{room(), room()};
    const std::uint64_t number = emit(pick(servers), to);
    network_.settle();
    for (std::size_t server = 0; server < clients_.size(); ++server) {
      for (SimulatedClient& one : clients_[server]) {
        const bool is_member = one.rooms.contains(to[0]) || one.rooms.contains(to[1]);
        EXPECT_EQ(read(one).contains(number), is_member);
      }
    }
    for (const auto& member : network_.members) {
      const auto missed = member->fixture.counters.get(Counter::cluster_messages_missed);
      EXPECT_LE(missed, member->bus.lost) << "nothing is reported that was not lost";
    }
  }

  // Nobody waits longer than the timeout.
  void finish_requests() {
    network_.advance(Milliseconds{2'000});
    for (std::size_t server = 0; server < servers; ++server) {
      const auto& sink = network_.members[server]->fixture.sink;
      EXPECT_EQ(sink.all<ServersAnswered>().size(), asked_[server]);
    }
  }

  std::mt19937 random_;
  const Member::Wire wire_;
  FakeNetwork network_;
  std::vector<std::vector<SimulatedClient>> clients_;
  std::map<std::string, std::set<std::uint64_t>> seen_;
  std::uint64_t emitted_ = 0;
  std::vector<std::uint64_t> asked_;  // requests, by server
};

TEST(ClusterSimulation, events_come_once_and_requests_end) {
  for (unsigned round = 0; round < 10; ++round) {
    const unsigned seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    Simulation(seed, Member::Wire{static_cast<int>(round % 3)}).run();
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace sioserve::socketio::cluster
