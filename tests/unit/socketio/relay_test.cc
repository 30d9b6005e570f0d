// Native relays: events that are forwarded without the application.
#include <gtest/gtest.h>

#include "tests/unit/socketio/fixture.h"

namespace sioserve::socketio {
namespace {

using Messages = std::vector<std::string>;

struct RelayTest : testing::Test, ServerFixture {
  std::optional<RelaysId> relays;
  std::uint64_t last_relays = 0;

  // Later sockets are accepted with this relay.
  void relay(Relay relay) {
    relays = RelaysId{++last_relays};
    server->handle(DefineRelays{*relays, {{"move", std::move(relay)}}});
  }
  struct Member {
    Peer& peer;
    SocketId socket;
  };
  Member join(std::vector<std::string> rooms, const std::string& name_space = "/") {
    Peer& peer = open();
    peer.receive(name_space == "/" ? "0" : "0" + name_space + ",");
    const SocketId socket = latest_socket();
    for (const std::string& room : rooms) server->handle(SocketJoin{socket, room});
    server->handle(SocketAccept{socket, relays});
    peer.take();
    return {peer, socket};
  }
  std::size_t events() const { return sink.all<SocketEvent>().size(); }
};

TEST_F(RelayTest, ARelayedEventReachesTheOthersInTheSendersRoomsOnce) {
  relay({});
  Member sender = join({"a", "b"});
  Member both = join({"b", "a"});
  Member one = join({"b", "c"});
  Member stranger = join({"c"});
  sender.peer.receive(R"(2["move", 1,{"x":2.50}])");
  EXPECT_EQ(both.peer.take(), Messages{R"(42["move", 1,{"x":2.50}])"}) << "as it was sent";
  EXPECT_EQ(one.peer.take().size(), 1u);
  EXPECT_EQ(stranger.peer.take(), Messages{});
  EXPECT_EQ(sender.peer.take(), Messages{});
  EXPECT_EQ(events(), 0u);
  EXPECT_EQ(counters.get(Counter::relayed), 1u);
}

TEST_F(RelayTest, SocketsKeepRelaysThatAreForgotten) {
  relay({});
  Member sender = join({"a"});
  Member other = join({"a"});
  server->forget_relays([this](RelaysId id) { return id == relays; });
  sender.peer.receive(R"(2["move"])");
  EXPECT_EQ(other.peer.take().size(), 1u);
  Member late = join({"a"});
  late.peer.receive(R"(2["move"])");
  EXPECT_EQ(other.peer.take(), Messages{});
  EXPECT_EQ(events(), 1u) << "it was accepted without relays";
}

TEST_F(RelayTest, ASenderInNoRoomReachesNobody) {
  relay({});
  Member sender = join({});
  Member other = join({"a"});
  sender.peer.receive(R"(2["move"])");
  EXPECT_EQ(other.peer.take(), Messages{});
}

TEST_F(RelayTest, EventsWithoutARelayGoToTheApplication) {
  relay({});
  Member sender = join({"a"});
  sender.peer.receive(R"(2["other"])");
  sender.peer.receive(R"(2[17])");
  EXPECT_EQ(events(), 2u);
}

TEST_F(RelayTest, EventsOfASocketWithoutRelaysGoToTheApplication) {
  Member sender = join({"a"});
  sender.peer.receive(R"(2["move"])");
  EXPECT_EQ(events(), 1u);
}

TEST_F(RelayTest, ASocketWithAnUndefinedRelaysIdRelaysNothing) {
  relays = RelaysId{99};
  Member sender = join({"a"});
  sender.peer.receive(R"(2["move"])");
  EXPECT_EQ(events(), 1u);
}

TEST_F(RelayTest, ARelayGoesToTheNamespaceOrToRooms) {
  relay({.to = Relay::To::name_space, .rooms = {}});
  Member sender = join({}, "/chat");
  relay({.to = Relay::To::rooms, .rooms = {"a", "b"}});
  Member selective = join({"c"}, "/chat");
  Member a = join({"a", "b"}, "/chat");
  Member elsewhere = join({"a"});
  sender.peer.receive(R"(2/chat,["move"])");
  EXPECT_EQ(a.peer.take(), Messages{R"(42/chat,["move"])"});
  EXPECT_EQ(selective.peer.take().size(), 1u);
  selective.peer.receive(R"(2/chat,["move"])");
  EXPECT_EQ(a.peer.take().size(), 1u);
  EXPECT_EQ(sender.peer.take(), Messages{});
  EXPECT_EQ(elsewhere.peer.take(), Messages{});
}

TEST_F(RelayTest, TheSenderMayBeIncluded) {
  for (const Relay::To to : {Relay::To::own_rooms, Relay::To::name_space, Relay::To::rooms}) {
    relay({.to = to, .rooms = {"a"}, .sender = Relay::Sender::included});
    Member sender = join({"a"});
    sender.peer.receive(R"(2["move"])");
    EXPECT_EQ(sender.peer.take(), Messages{R"(42["move"])"});
  }
}

TEST_F(RelayTest, ARelayedEventIsAcknowledgedImmediately) {
  relay({});
  Member sender = join({"a"});
  Member other = join({"a"});
  sender.peer.receive(R"(27["move",1])");
  EXPECT_EQ(sender.peer.take(), Messages{"437[]"});
  EXPECT_EQ(other.peer.take(), Messages{R"(42["move",1])"}) << "without the sender's number";
}

TEST_F(RelayTest, AttachmentsAreRelayedWithTheirEvent) {
  relay({});
  Member sender = join({"a"}, "/chat");
  Member other = join({"a"}, "/chat");
  sender.peer.receive(R"(51-/chat,["move",{"_placeholder":true,"num":0}])");
  EXPECT_EQ(other.peer.take(), Messages{});
  sender.peer.receive_binary("bytes");
  EXPECT_EQ(other.peer.take(),
            (Messages{R"(451-/chat,["move",{"_placeholder":true,"num":0}])", "b:bytes"}));
}

TEST_F(RelayTest, EventsAboveTheSizeLimitAreDropped) {
  relay({.rooms = {}, .max_bytes = 10});
  Member sender = join({"a"});
  Member other = join({"a"});
  sender.peer.receive(R"(2["move",1])");
  sender.peer.receive(R"(21["move",12])");
  EXPECT_EQ(other.peer.take(), Messages{R"(42["move",1])"});
  EXPECT_EQ(sender.peer.take(), Messages{R"(431[{"error":"Too large"}])"});
  EXPECT_EQ(counters.get(Counter::relays_too_large), 1u);
  sender.peer.receive(R"(51-["move",{"_placeholder":true,"num":0}])");
  sender.peer.receive_binary("bytes");
  EXPECT_EQ(other.peer.take(), Messages{});
  EXPECT_EQ(counters.get(Counter::relays_too_large), 2u);
  EXPECT_EQ(warnings.size(), 1u);
}

TEST_F(RelayTest, VolatileEventsAboveTheRateAreDropped) {
  relay({.rooms = {}, .delivery = Delivery::droppable, .rate = 2});
  Member sender = join({"a"});
  Member other = join({"a"});
  for (int i = 0; i < 4; ++i) sender.peer.receive("2" + std::to_string(i) + R"(["move"])");
  EXPECT_EQ(other.peer.take().size(), 2u);
  EXPECT_EQ(sender.peer.take(), (Messages{"430[]", "431[]", R"(432[{"error":"Too many"}])",
                                          R"(433[{"error":"Too many"}])"}));
  EXPECT_FALSE(sender.peer.socket.paused);
  sender.peer.host.advance(*sender.peer.session, Milliseconds(510));
  for (int i = 0; i < 4; ++i) sender.peer.receive(R"(2["move"])");
  EXPECT_EQ(other.peer.take().size(), 1u);
  EXPECT_EQ(counters.get(Counter::relays_over_rate), 5u);
}

TEST_F(RelayTest, ReliableEventsAboveTheRateThrottleTheirSender) {
  relay({.rooms = {}, .rate = 2});
  Member sender = join({"a"});
  Member quick = join({"a"});
  Member other = join({"a"});
  sender.peer.receive(R"(2["move",1])");
  EXPECT_FALSE(sender.peer.socket.paused);
  sender.peer.receive(R"(2["move",2])");
  EXPECT_TRUE(sender.peer.socket.paused);
  EXPECT_EQ(other.peer.take().size(), 2u) << "what has been read is not lost";
  quick.peer.receive(R"(2["move",3])");
  EXPECT_EQ(other.peer.take().size(), 1u) << "each socket has its own rate";
  sender.peer.host.advance(*sender.peer.session, Milliseconds(510));
  EXPECT_FALSE(sender.peer.socket.paused);
}

TEST_F(RelayTest, VolatileEventsAreNotQueuedForSlowClients) {
  relay({.rooms = {}, .delivery = Delivery::droppable});
  Member sender = join({"a"});
  Member slow = join({"a"});
  slow.peer.socket.buffered_bytes = 1 << 20;
  sender.peer.receive(R"(2["move"])");
  slow.peer.socket.buffered_bytes = 0;
  slow.peer.session->drain_websocket(slow.peer.socket);
  EXPECT_EQ(slow.peer.take(), Messages{});
  EXPECT_EQ(counters.get(Counter::volatile_dropped), 1u);
}

TEST_F(RelayTest, APendingSocketRelaysNothing) {
  relay({});
  Member other = join({"a"});
  Peer& pending = open();
  pending.receive("0");
  server->handle(SocketJoin{latest_socket(), "a"});
  pending.receive(R"(2["move"])");
  EXPECT_EQ(other.peer.take(), Messages{});
  server->handle(SocketRefuse{latest_socket(), "{}"});
  EXPECT_EQ(other.peer.take(), Messages{});
}

TEST_F(RelayTest, EventsAfterConnectAreRelayedOnceTheSocketIsAccepted) {
  relay({});
  Member other = join({"a"});
  Peer& pending = open();
  pending.receive("0");
  server->handle(SocketJoin{latest_socket(), "a"});
  pending.receive(R"(2["move",1])");
  server->handle(SocketAccept{latest_socket(), relays});
  EXPECT_EQ(other.peer.take(), (Messages{R"(42["move",1])"}));
  EXPECT_TRUE(sink.all<SocketEvent>().empty());
}

TEST_F(RelayTest, InvalidPacketsAreNotRelayed) {
  relay({});
  Member other = join({"a"});
  for (const char* packet : {R"(2["move",])",
                             R"(2["move"] )"
                             "x",
                             R"(2["move","\x01"])"}) {
    Member sender = join({"a"});
    sender.peer.receive(packet);
    EXPECT_FALSE(sender.peer.session->is_open()) << packet;
  }
  EXPECT_EQ(other.peer.take(), Messages{});
}

}  // namespace
}  // namespace sioserve::socketio
