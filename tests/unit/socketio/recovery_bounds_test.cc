// The limits on parked sockets, and random clients.
#include <cstdlib>
#include <random>
#include <set>

#include "tests/unit/socketio/recovery_fixture.h"

namespace sioserve::socketio {
namespace {

TEST_F(RecoveryTest, TheLongestParkedSocketsAreGivenUpAboveTheLimit) {
  config.socket_io.max_recoverable = 2;
  restart();
  std::vector<SocketId> sockets;
  for (int i = 0; i < 4; ++i) {
    Memory memory;
    Peer& peer = open();
    sockets.push_back(connect(peer));
    cut(peer);
  }
  EXPECT_TRUE(is_forgotten(sockets[0]));
  EXPECT_TRUE(is_forgotten(sockets[1]));
  EXPECT_FALSE(is_forgotten(sockets[2]));
  EXPECT_EQ(count(Counter::recoverable_sockets), 2u);
  EXPECT_EQ(count(Counter::recoveries_lost), 2u);
}

TEST_F(RecoveryTest, BytesKeptForAllParkedSocketsAreLimited) {
  config.socket_io.max_recovery_bytes = 25'000;
  restart();
  std::vector<SocketId> sockets;
  for (int i = 0; i < 3; ++i) {
    Memory memory;
    Peer& peer = open();
    sockets.push_back(connect(peer));
    cut(peer);
  }
  broadcast("[\"" + std::string(8'000, 'x') + "\"]");
  EXPECT_TRUE(sink.all<SocketForgotten>().empty());
  emit(sockets[2], "[\"" + std::string(8'000, 'x') + "\"]");
  EXPECT_TRUE(is_forgotten(sockets[0]));
  EXPECT_FALSE(is_forgotten(sockets[1]));
  EXPECT_FALSE(is_forgotten(sockets[2]));
}

TEST_F(RecoveryTest, RelayedEventsCountForTheLimitOfKeptBytes) {
  config.socket_io.max_recovery_bytes = 10'000;
  restart();
  Peer& away = open();
  const SocketId socket = connect(away);
  cut(away);
  Peer& sender = open();
  sender.receive("0");
  const SocketId relaying = latest_socket();
  server->handle(DefineRelays{RelaysId{1}, {{"move", {.to = Relay::To::name_space, .rooms = {}}}}});
  server->handle(SocketAccept{relaying, RelaysId{1}});
  for (int i = 0; i < 3; ++i) sender.receive("2[\"move\",\"" + std::string(4'000, 'x') + "\"]");
  server->advance(now);
  EXPECT_TRUE(is_forgotten(socket));
}

TEST_F(RecoveryTest, BytesKeptForOneSocketAreLimitedByItsQueueLimit) {
  config.socket_io.max_queued_bytes = 10'000;
  restart();
  for (const int missed : {3, 30}) {
    Memory memory;
    Peer& first = open();
    connect(first);
    take(first, memory);
    cut(first);
    for (int i = 0; i < missed; ++i) broadcast("[\"" + std::string(1'000, 'x') + "\"]");
    Peer& second = open();
    second.receive("0" + memory.payload());
    EXPECT_EQ(latest_recovered().has_value(), missed == 3);
    second.host.advance(*second.session, Milliseconds(20));
    EXPECT_TRUE(second.session->is_open()) << "otherwise it would reconnect repeatedly";
  }
}

// --- random clients ---

// A client: the events that it must receive, and those that it has received.
struct Player {
  Memory memory;
  SocketId socket{};
  Peer* peer = nullptr;
  std::set<std::string> rooms;
  Messages expected, received;
};

TEST_F(RecoveryTest, RandomClientsGetEachOfTheirEventsOnce) {
  const char* given = std::getenv("SIO_SEED");
  const auto seed = given ? std::stoul(given) : std::random_device{}();
  SCOPED_TRACE("SIO_SEED=" + std::to_string(seed));
  std::mt19937 dice(static_cast<std::mt19937::result_type>(seed));
  const auto roll = [&dice](std::size_t sides) { return dice() % sides; };
  config.socket_io.recovery_buffer = 40'000;
  restart();

  std::vector<Player> players(6);
  for (Player& player : players) {
    player.peer = &open();
    player.socket = connect(*player.peer);
    take(*player.peer, player.memory);
  }
  const auto receive = [](Player& player) {
    const bool pinged =
        std::ranges::find(player.peer->socket.sent, "2") != player.peer->socket.sent.end();
    for (std::string& message : take(*player.peer, player.memory)) {
      if (message != "CONNECT") player.received.push_back(std::move(message));
    }
    if (pinged) {
      player.peer->session->receive_websocket(player.peer->socket, MessageKind::text, "3");
    }
  };
  const std::vector<std::string> names{"red", "green", "blue"};
  int events = 0, recoveries = 0;
  for (int step = 0; step < 3'000; ++step) {
    Player& player = players[roll(players.size())];
    const std::string& room = names[roll(names.size())];
    const std::string event = "[\"" + std::to_string(++events) + "\"]";
    switch (roll(9)) {
      case 0:
        server->handle(SocketJoin{player.socket, room});
        player.rooms.insert(room);
        break;
      case 1:
        server->handle(SocketLeave{player.socket, room});
        player.rooms.erase(room);
        break;
      case 2:
        emit(player.socket, event);
        player.expected.push_back(event);
        break;
      case 3:
      case 4:
        broadcast(event, {room}, {player.socket});
        for (Player& other : players) {
          if (&other != &player && other.rooms.contains(room)) other.expected.push_back(event);
        }
        break;
      case 5:
      case 6:
        if (!player.peer) break;
        if (roll(4) == 0) player.peer->session->ask_for_pong();
        receive(player);
        break;
      case 7:  // events in transit are lost
        if (!player.peer) break;
        player.peer->take();
        cut(*player.peer);
        player.peer = nullptr;
        break;
      case 8: {  // also while the old connection seems to be open
        if (player.peer) player.peer->take();
        Peer& again = open();
        again.receive("0" + player.memory.payload());
        ASSERT_EQ(latest_recovered(), player.socket);
        player.peer = &again;
        player.socket = latest_socket();
        if (roll(4) > 0) server->handle(SocketAccept{player.socket});
        ++recoveries;
        break;
      }
    }
  }
  for (Player& player : players) {
    if (!player.peer) {
      player.peer = &open();
      player.peer->receive("0" + player.memory.payload());
      player.socket = latest_socket();
    }
    server->handle(SocketAccept{player.socket});
    receive(player);
    EXPECT_EQ(player.received, player.expected);
  }
  EXPECT_GT(recoveries, 100);
  EXPECT_TRUE(sink.all<SocketForgotten>().empty());
}

}  // namespace
}  // namespace sioserve::socketio
