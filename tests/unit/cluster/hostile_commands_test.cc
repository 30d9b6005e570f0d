// Whatever a Python process sends, the server and its cluster go on. Random commands; the seed is
// printed, and HOSTILE_SEED repeats a run.
#include "tests/unit/socketio/hostile_commands.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "tests/unit/cluster/fake_network.h"

namespace sioserve::socketio::cluster {
namespace {

constexpr int commands = 3'000;

std::uint32_t seed() {
  const char* const given = std::getenv("HOSTILE_SEED");
  const std::uint32_t chosen = given != nullptr
                                   ? static_cast<std::uint32_t>(std::strtoul(given, nullptr, 10))
                                   : std::random_device()();
  testing::Test::RecordProperty("seed", std::to_string(chosen));
  std::printf("HOSTILE_SEED=%u\n", chosen);
  return chosen;
}

// As the pool of Python processes does it. False: the command has a fault.
bool carry_out(Command command, Server& server, Cluster* cluster) {
  if (fault_of(command)) return false;
  if (auto* const for_server = std::get_if<SocketIoCommand>(&command)) {
    server.handle(std::move(*for_server));
  } else if (cluster != nullptr) {
    cluster->handle(std::get<ClusterCommand>(command));
  }
  return true;
}

class HostileCommandsInACluster : public testing::TestWithParam<Member::Wire> {};

TEST_P(HostileCommandsInACluster, leave_the_servers_alive) {
  FakeNetwork network;
  Member& a = network.add(GetParam());
  Member& b = network.add(GetParam());
  for (int i = 0; i < 3; ++i) {
    a.join(a.connect(i == 0 ? "/chat" : "/"), "room");
    b.join(b.connect(), "a");
  }
  HostileCommands hostile(seed());
  int carried_out = 0;
  for (int i = 0; i < commands; ++i) {
    carried_out += carry_out(hostile.next(), *a.fixture.server, a.cluster.get()) ? 1 : 0;
    if (i % 10 == 0) network.settle();
    if (i % 100 == 0) network.advance(Milliseconds{500});
  }
  network.settle();
  EXPECT_GT(carried_out, commands / 10);
  EXPECT_LT(carried_out, commands);
  const auto there = b.connect();
  a.fixture.broadcast(R"(["still here"])");
  network.settle();
  EXPECT_EQ(there.peer->take().size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Formats, HostileCommandsInACluster,
                         testing::Values(Member::Wire::plain, Member::Wire::sharded,
                                         Member::Wire::python));

struct Variant {
  bool msgpack;
  bool recovery;
};

class HostileCommandsToAServer : public testing::TestWithParam<Variant> {};

TEST_P(HostileCommandsToAServer, leave_it_alive) {
  ServerFixture fixture;
  if (GetParam().msgpack) fixture.config.socket_io.parser = SocketIoConfig::Parser::msgpack;
  if (GetParam().recovery) fixture.config.socket_io.recovery_window = Milliseconds{10'000};
  fixture.restart();
  for (int i = 0; i < 3; ++i) {
    Peer& peer = fixture.open();
    if (GetParam().msgpack) {
      peer.receive_binary(std::string("\x82\xa4type\0\xa3nsp\xa1/", 13));
    } else {
      peer.receive("0");
    }
  }
  HostileCommands hostile(seed());
  for (int i = 0; i < commands; ++i) carry_out(hostile.next(), *fixture.server, nullptr);
  EXPECT_GT(fixture.sink.all<SocketConnect>().size(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Variants, HostileCommandsToAServer,
                         testing::Values(Variant{false, false}, Variant{false, true},
                                         Variant{true, false}, Variant{true, true}));

}  // namespace
}  // namespace sioserve::socketio::cluster
