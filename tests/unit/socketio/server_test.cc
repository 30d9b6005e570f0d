#include "socketio/server/server.h"

#include <gtest/gtest.h>

#include "tests/unit/socketio/fixture.h"

namespace sioserve::socketio {
namespace {

using Messages = std::vector<std::string>;
using engine::CloseReason;

struct ServerTest : testing::Test, ServerFixture {
  void expect_closed(Peer& peer, const std::string& reason, const std::string& reference) {
    EXPECT_TRUE(peer.host.ended);
    const auto left = sink.all<SocketDisconnect>();
    ASSERT_FALSE(left.empty());
    EXPECT_EQ(left.back().reason, reason);
    EXPECT_EQ(left.back().reference_reason, reference);
    EXPECT_NE(get_message<SessionClosed>(sink.events.back()), nullptr);
  }
};

// --- connect ---

TEST_F(ServerTest, ConnectIsReportedAndAnsweredOnceAccepted) {
  Peer& peer = open();
  peer.receive(R"(0{"token":"x"})");
  EXPECT_TRUE(peer.take().empty());
  ASSERT_EQ(sink.events.size(), 2u);
  EXPECT_NE(get_message<SessionOpened>(sink.events[0]), nullptr);
  const auto connect = sink.all<SocketConnect>().at(0);
  EXPECT_EQ(connect.name_space, "/");
  EXPECT_EQ(tree(connect.auth), (Json{{"token", "x"}}));
  EXPECT_EQ(connect.id.size(), 20u);
  EXPECT_NE(connect.id, peer.session->sid());
  server->handle(SocketAccept{connect.socket});
  EXPECT_EQ(peer.take(), (Messages{R"(40{"sid":")" + connect.id + R"("})"}));
}

TEST_F(ServerTest, AuthIsAnEmptyObjectWhenAbsent) {
  open().receive("0/chat,");
  EXPECT_EQ(tree(sink.all<SocketConnect>().at(0).auth), Json::object());
}

TEST_F(ServerTest, ASessionIsReportedOnceAndOnlyWhenNative) {
  Peer& native = open();
  join_namespace(native);
  join_namespace(native, "/chat");
  EXPECT_EQ(sink.all<SessionOpened>().size(), 1u);
  join_namespace(open(Origin::application));
  EXPECT_EQ(sink.all<SessionOpened>().size(), 1u);
}

TEST_F(ServerTest, ASessionThatNeverConnectedIsNotReportedWhenNative) {
  Peer& native = open();
  native.session->websocket_closed(native.socket);
  EXPECT_TRUE(sink.events.empty());
  Peer& adopted = open(Origin::application);
  adopted.session->websocket_closed(adopted.socket);
  EXPECT_EQ(sink.all<SessionClosed>().size(), 1u);
}

TEST_F(ServerTest, AnUnknownNamespaceIsRefusedAndTheSessionStaysOpen) {
  Peer& peer = open();
  peer.receive("0/nowhere,");
  EXPECT_EQ(peer.take(), (Messages{R"(44/nowhere,{"message":"Invalid namespace"})"}));
  EXPECT_TRUE(peer.session->is_open());
  EXPECT_TRUE(sink.events.empty());
}

TEST_F(ServerTest, ANamespaceCanBeAddedLater) {
  Peer& peer = open();
  server->handle(AddNamespace{"late"});
  join_namespace(peer, "/late");
  EXPECT_EQ(sink.all<SocketConnect>().back().name_space, "/late");
}

TEST_F(ServerTest, NamespacesCannotBeAddedWithoutEnd) {
  for (std::size_t i = 0; i < max_permanent_namespaces; ++i) {
    server->handle(AddNamespace{"/" + std::to_string(i)});
  }
  EXPECT_EQ(warnings.back().level, LogLevel::error);
  EXPECT_NE(warnings.back().message.find("can't be added"), std::string::npos);
  Peer& peer = open();
  peer.receive("0/" + std::to_string(max_permanent_namespaces - 1) + ",");
  EXPECT_TRUE(sink.all<SocketConnect>().empty());
  peer.receive("0/7,");
  EXPECT_EQ(sink.all<SocketConnect>().size(), 1u);
}

TEST_F(ServerTest, AQueryStringIsNotPartOfANamespace) {
  Peer& peer = open();
  peer.receive("0/chat?x=1,");
  EXPECT_EQ(sink.all<SocketConnect>().at(0).name_space, "/chat");
}

TEST_F(ServerTest, PacketsEmittedBeforeTheAcceptAreSentAfterIt) {
  Peer& peer = open();
  peer.receive("0");
  const SocketId socket = latest_socket();
  server->handle(SocketJoin{socket, "r"});
  emit(socket, R"(["one"])");
  broadcast(R"(["two"])", {"r"});
  broadcast(R"(["three"])");
  EXPECT_TRUE(peer.take().empty());
  server->handle(SocketAccept{socket});
  const Messages sent = peer.take();
  ASSERT_EQ(sent.size(), 4u);
  EXPECT_TRUE(sent[0].starts_with("40{"));
  EXPECT_EQ(Messages(sent.begin() + 1, sent.end()),
            (Messages{R"(42["one"])", R"(42["two"])", R"(42["three"])"}));
}

TEST_F(ServerTest, ARefusedSocketGetsTheErrorAndNothingElse) {
  Peer& peer = open();
  peer.receive("0/chat,");
  const SocketId socket = latest_socket();
  server->handle(SocketJoin{socket, "r"});
  emit(socket, R"(["lost"])");
  server->handle(SocketRefuse{socket, R"({"message":"Not authorized"})"});
  EXPECT_EQ(peer.take(), (Messages{R"(44/chat,{"message":"Not authorized"})"}));
  server->handle(SocketBroadcast{"/chat", {"r"}, {}, {R"(["x"])", {}}});
  server->handle(SocketBroadcast{"/chat", {}, {}, {R"(["x"])", {}}});
  server->handle(SocketAccept{socket});
  EXPECT_TRUE(peer.take().empty());
  EXPECT_TRUE(sink.all<SocketDisconnect>().empty());
  EXPECT_TRUE(peer.session->is_open());
  join_namespace(peer, "/chat");
}

// --- violations ---

TEST_F(ServerTest, ASecondConnectClosesTheSession) {
  Peer& peer = open();
  join_namespace(peer);
  peer.receive("0");
  expect_closed(peer, "engineio_bad_packet", "forced server close");
}

TEST_F(ServerTest, AConnectErrorFromAClientClosesTheSession) {
  Peer& peer = open();
  join_namespace(peer);
  peer.receive(R"(4{"message":"x"})");
  EXPECT_TRUE(peer.host.ended);
}

TEST_F(ServerTest, APacketForANamespaceNotJoinedClosesTheSession) {
  Peer& peer = open();
  join_namespace(peer);
  peer.receive(R"(2/chat,["x"])");
  expect_closed(peer, "engineio_missing_connect", "forced server close");
}

TEST_F(ServerTest, AttachmentsForANamespaceNotJoinedAreNotAwaited) {
  Peer& stranger = open();
  stranger.receive(R"(51-["x",{"_placeholder":true,"num":0}])");
  EXPECT_FALSE(stranger.session->is_open());
  Peer& peer = open();
  join_namespace(peer);
  peer.receive(R"(51-/chat,["x",{"_placeholder":true,"num":0}])");
  EXPECT_FALSE(peer.session->is_open());
}

TEST_F(ServerTest, AMalformedPacketClosesTheSession) {
  for (const char* packet : {"9", "2[", "2{}", "2[]", R"(2["connect"])", "51-[", "x", ""}) {
    sink.events.clear();
    Peer& peer = open();
    join_namespace(peer);
    peer.receive(packet);
    expect_closed(peer, "engineio_bad_packet", "forced close");
  }
}

// --- events and acks ---

TEST_F(ServerTest, EventsReachTheApplication) {
  Peer& peer = open();
  const SocketId socket = join_namespace(peer, "/chat");
  peer.receive(R"(2/chat,7["hi",{"a":1}])");
  const auto event = sink.all<SocketEvent>().at(0);
  EXPECT_EQ(event.socket, socket);
  EXPECT_EQ(event.ack_id, 7u);
  EXPECT_EQ(tree(event.args), Json::parse(R"(["hi",{"a":1}])"));
}

TEST_F(ServerTest, BinaryIsSentAndReceived) {
  Peer& peer = open();
  const SocketId socket = join_namespace(peer);
  peer.receive(R"(51-["file",{"_placeholder":true,"num":0}])");
  EXPECT_TRUE(sink.all<SocketEvent>().empty());
  peer.receive_binary("bytes");
  const auto event = sink.all<SocketEvent>().at(0);
  ASSERT_TRUE(tree(event.args)[1].is_binary());
  const std::string placeholder = R"(["file",{"_placeholder":true,"num":0}])";
  server->handle(SocketEmit{socket, {placeholder, {"bytes"}}, std::nullopt});
  EXPECT_EQ(peer.take(), (Messages{"451-" + placeholder, "b:bytes"}));
}

TEST_F(ServerTest, AcksAreSentAndReceived) {
  Peer& peer = open();
  const SocketId socket = join_namespace(peer);
  peer.receive(R"(25["question"])");
  server->handle(SocketAck{socket, 5, {R"(["answer"])", {}}});
  EXPECT_EQ(peer.take(), (Messages{R"(435["answer"])"}));

  server->handle(SocketEmit{socket, {R"(["a"])", {}}, 1'000'001});
  server->handle(SocketEmit{socket, {R"(["b"])", {}}, 1'000'002});
  EXPECT_EQ(peer.take(), (Messages{R"(420["a"])", R"(421["b"])"}));
  peer.receive(R"(31["done"])");
  const auto acks = sink.all<SocketAcknowledged>();
  ASSERT_EQ(acks.size(), 1u);
  EXPECT_EQ(acks[0].callback_id, 1'000'002u);
  EXPECT_EQ(tree(acks[0].args), Json::parse(R"(["done"])"));
}

TEST_F(ServerTest, TheOldestPendingAckFailsAboveTheLimit) {
  config.socket_io.max_pending_acks = 2;
  restart();
  Peer& peer = open();
  const SocketId socket = join_namespace(peer);
  for (std::uint64_t i = 0; i < 4; ++i) {
    server->handle(SocketEmit{socket, {R"(["a"])", {}}, 100 + i});
  }
  EXPECT_EQ(peer.take().size(), 4u);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_EQ(warnings[0].category, LogCategory::socketio);
  EXPECT_NE(warnings[0].message.find("--socketio-max-pending-acks"), std::string::npos)
      << warnings[0].message;
  EXPECT_EQ(counters.get(Counter::acks_forgotten), 2u);
  for (int i = 0; i < 4; ++i) peer.receive("3" + std::to_string(i) + "[]");
  const auto acks = sink.all<SocketAcknowledged>();
  ASSERT_EQ(acks.size(), 2u);
  EXPECT_EQ(acks[0].callback_id, 102u);
  EXPECT_EQ(acks[1].callback_id, 103u);
  const auto lost = sink.all<SocketAcksLost>();
  ASSERT_EQ(lost.size(), 2u);
  EXPECT_EQ(lost[1].callback_ids, std::vector<std::uint64_t>{101});
  EXPECT_EQ(lost[1].why, AckLoss::forgotten);
}

TEST_F(ServerTest, AClientCannotJoinMoreNamespacesThanTheLimit) {
  config.namespaces = {"/", "/chat", "/third"};
  config.socket_io.max_namespaces = 2;
  restart();
  Peer& peer = open();
  join_namespace(peer);
  const SocketId chat = join_namespace(peer, "/chat");
  peer.receive("0/third,");
  EXPECT_EQ(peer.take(), Messages{R"(44/third,{"message":"Too many namespaces"})"});
  EXPECT_EQ(counters.get(Counter::namespaces_refused), 1u);
  EXPECT_TRUE(peer.session->is_open());
  server->handle(SocketClose{chat, false});
  join_namespace(peer, "/third");
  EXPECT_EQ(sink.all<SocketConnect>().back().name_space, "/third");
}

TEST_F(ServerTest, ASocketCannotJoinMoreRoomsThanTheLimit) {
  config.socket_io.max_rooms = 1;
  restart();
  Peer& peer = open();
  const SocketId socket = join_namespace(peer);
  server->handle(SocketJoin{socket, "first"});
  server->handle(SocketJoin{socket, "second"});
  broadcast(R"(["a"])", {"second"});
  EXPECT_EQ(peer.take(), Messages{});
  EXPECT_EQ(counters.get(Counter::rooms_refused), 1u);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].message.find("--socketio-max-rooms"), std::string::npos);
}

TEST_F(ServerTest, AnAckOfADroppedEventFailsImmediately) {
  config.socket_io.max_pending_acks = 1;
  restart();
  Peer& peer = open();
  const SocketId socket = join_namespace(peer);
  server->handle(SocketEmit{socket, {R"(["kept"])", {}}, 100});
  peer.socket.buffered_bytes = 100'000;
  server->handle(SocketEmit{socket, {R"(["dropped"])", {}}, 101, Delivery::droppable});
  EXPECT_EQ(peer.take(), (Messages{R"(420["kept"])"}));
  EXPECT_TRUE(warnings.empty());
  const auto lost = sink.all<SocketAcksLost>();
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].callback_ids, std::vector<std::uint64_t>{101});
  EXPECT_EQ(lost[0].why, AckLoss::not_sent);
  peer.receive("30[]");
  peer.receive("31[]");
  const auto acks = sink.all<SocketAcknowledged>();
  ASSERT_EQ(acks.size(), 1u);
  EXPECT_EQ(acks[0].callback_id, 100u);
}

TEST_F(ServerTest, AnAckCountsOnceAndUnknownOnesAreIgnored) {
  Peer& peer = open();
  const SocketId socket = join_namespace(peer);
  server->handle(SocketEmit{socket, {R"(["a"])", {}}, 9});
  peer.receive("30[]");
  peer.receive("30[]");
  peer.receive("3123[]");
  EXPECT_EQ(sink.all<SocketAcknowledged>().size(), 1u);
  EXPECT_TRUE(peer.session->is_open());
}

// --- rooms and broadcasts ---

TEST_F(ServerTest, ABroadcastToARoomAlsoReachesTheSender) {
  Peer& first = open();
  Peer& second = open();
  const SocketId a = join_namespace(first);
  const SocketId b = join_namespace(second);
  server->handle(SocketJoin{a, "r"});
  server->handle(SocketJoin{b, "r"});
  broadcast(R"(["x"])", {"r"});
  EXPECT_EQ(first.take(), (Messages{R"(42["x"])"}));
  EXPECT_EQ(second.take(), (Messages{R"(42["x"])"}));
  server->handle(SocketLeave{b, "r"});
  broadcast(R"(["y"])", {"r"});
  EXPECT_EQ(second.take(), (Messages{}));
  broadcast(R"(["z"])", {}, {a});
  EXPECT_EQ(first.take(), (Messages{R"(42["y"])"}));
  EXPECT_EQ(second.take(), (Messages{R"(42["z"])"}));
  server->handle(SocketLeaveAll{a});
  broadcast(R"(["w"])", {"r"});
  EXPECT_EQ(first.take(), (Messages{}));
}

TEST_F(ServerTest, ABroadcastStaysInItsNamespace) {
  Peer& peer = open();
  join_namespace(peer, "/chat");
  broadcast(R"(["x"])");
  server->handle(SocketBroadcast{"/unknown", {}, {}, {R"(["x"])", {}}});
  EXPECT_TRUE(peer.take().empty());
}

TEST_F(ServerTest, ABroadcastThatOverflowsAClientReachesTheOthers) {
  config.socket_io.max_queued_bytes = 1000;
  restart();
  for (int i = 0; i < 5; ++i) join_namespace(open());
  peers[1]->socket.buffered_bytes = 10'000'000;
  for (int i = 0; i < 20; ++i) broadcast(R"([")" + std::string(100, 'x') + R"("])");
  for (const auto& peer : peers) peer->host.advance(*peer->session, Milliseconds(20));
  expect_closed(*peers[1], "engineio_slow_consumer", "forced close");
  for (const std::size_t i : {0u, 2u, 3u, 4u}) EXPECT_EQ(peers[i]->take().size(), 20u);
  broadcast(R"(["after"])");
  EXPECT_EQ(peers[4]->take().size(), 1u);
}

// --- disconnects ---

TEST_F(ServerTest, TheClientsDisconnectLeavesTheSessionOpen) {
  Peer& peer = open();
  const SocketId socket = join_namespace(peer);
  join_namespace(peer, "/chat");
  peer.receive("1");
  const auto left = sink.all<SocketDisconnect>();
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].socket, socket);
  EXPECT_EQ(left[0].reason, "client_disconnect");
  EXPECT_EQ(left[0].reference_reason, "client namespace disconnect");
  EXPECT_TRUE(peer.session->is_open());
  join_namespace(peer);
}

TEST_F(ServerTest, ALostClientLeavesEveryNamespaceAlsoPendingOnes) {
  Peer& peer = open();
  join_namespace(peer);
  peer.receive("0/chat,");
  const SocketId pending = latest_socket();
  peer.session->websocket_closed(peer.socket);
  EXPECT_EQ(sink.all<SocketDisconnect>().size(), 2u);
  EXPECT_NE(get_message<SessionClosed>(sink.events.back()), nullptr);
  server->handle(SocketAccept{pending});
  emit(pending, R"(["x"])");
  broadcast(R"(["x"])");
}

TEST_F(ServerTest, TheServerDisconnectsOneNamespace) {
  Peer& peer = open();
  const SocketId socket = join_namespace(peer, "/chat");
  emit(socket, R"(["bye"])");
  server->handle(SocketClose{socket, false});
  EXPECT_EQ(peer.take(), (Messages{R"(42/chat,["bye"])", "41/chat,"}));
  EXPECT_EQ(sink.all<SocketDisconnect>().at(0).reason, "server_disconnect");
  EXPECT_TRUE(peer.session->is_open());
}

TEST_F(ServerTest, TheServerClosesTheWholeSession) {
  Peer& peer = open();
  const SocketId socket = join_namespace(peer);
  join_namespace(peer, "/chat");
  server->handle(SocketClose{socket, true});
  EXPECT_EQ(peer.take(), (Messages{"41", "41/chat,"}));
  EXPECT_TRUE(peer.socket.close_code);
  EXPECT_EQ(sink.all<SocketDisconnect>().size(), 2u);
  EXPECT_NE(get_message<SessionClosed>(sink.events.back()), nullptr);
}

TEST_F(ServerTest, ADisconnectRequestedDuringConnectHappensAfterIt) {
  Peer& peer = open();
  peer.receive("0");
  const SocketId socket = latest_socket();
  emit(socket, R"(["before"])");
  server->handle(SocketClose{socket, false});
  emit(socket, R"(["after"])");
  EXPECT_TRUE(peer.take().empty());
  server->handle(SocketAccept{socket});
  const Messages sent = peer.take();
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(sent[1], R"(42["before"])");
  EXPECT_EQ(sent[2], "41");
  EXPECT_EQ(sink.all<SocketDisconnect>().size(), 1u);
}

TEST_F(ServerTest, AConnectedSessionOutlivesTheConnectTimeout) {
  Peer& peer = open();
  join_namespace(peer);
  peer.receive("1");
  config.engine_io.ping_interval = std::chrono::hours(1);
  Peer& idle = open();
  idle.host.advance(*idle.session, std::chrono::seconds(45));
  EXPECT_TRUE(idle.host.ended);
  Peer& pending = open();
  pending.receive("0");
  pending.host.advance(*pending.session, std::chrono::seconds(60));
  EXPECT_TRUE(pending.session->is_open());
  EXPECT_TRUE(peer.session->is_open());
}

TEST_F(ServerTest, ClosingFromACommandInAPostDoesNotTouchFreedState) {
  Peer& peer = *peers.emplace_back(std::make_unique<Peer>());
  peer.session = std::make_unique<engine::Session>(SessionId{1}, "sid", engine::framing_v4(),
                                                   config, peer.host, logger, limits);
  peer.session->start(server->make_observer(*peer.session, std::nullopt));
  engine::FakePost post;
  ASSERT_TRUE(peer.session->start_post(post));
  peer.session->receive_post(post, MessageKind::text,
                             "40\x1e"
                             "42/nowhere,[\"x\"]\x1e"
                             "40/chat,");
  EXPECT_EQ(post.outcome, engine::HttpOutcome::bad_request);
  EXPECT_EQ(sink.all<SocketConnect>().size(), 1u);
  EXPECT_EQ(sink.all<SocketDisconnect>().size(), 1u);
}

// --- targets and delivery of broadcasts ---

TEST_F(ServerTest, ABroadcastToNamedSocketsReachesThoseOfItsNamespace) {
  Peer& peer = open();
  Peer& other = open();
  const SocketId socket = join_namespace(peer);
  const SocketId elsewhere = join_namespace(other, "/chat");
  join_namespace(other);
  server->handle(
      SocketBroadcast{"/", {public_id(socket), public_id(elsewhere)}, {}, {R"(["x"])", {}}});
  EXPECT_EQ(peer.take(), (Messages{R"(42["x"])"}));
  EXPECT_TRUE(other.take().empty());
}

TEST_F(ServerTest, ABroadcastToDisconnectedSocketsReachesNobody) {
  Peer& peer = open();
  join_namespace(peer);
  server->handle(SocketBroadcast{"/", {"who has gone"}, {}, {R"(["x"])", {}}});
  EXPECT_TRUE(peer.take().empty());
}

TEST_F(ServerTest, ADroppableEventIsDroppedForASlowClient) {
  Peer& slow = open();
  Peer& quick = open();
  const SocketId socket = join_namespace(slow);
  join_namespace(quick);
  slow.socket.buffered_bytes = 100'000;
  SocketBroadcast broadcast{"/", {}, {}, {R"(["x"])", {}}, Delivery::droppable};
  server->handle(broadcast);
  server->handle(SocketEmit{socket, {R"(["y"])", {}}, std::nullopt, Delivery::droppable});
  EXPECT_TRUE(slow.take().empty());
  EXPECT_EQ(quick.take(), (Messages{R"(42["x"])"}));
  slow.socket.buffered_bytes = 0;
  server->handle(std::move(broadcast));
  EXPECT_EQ(slow.take(), (Messages{R"(42["x"])"}));
}

TEST_F(ServerTest, ADroppableEventIsDroppedForAPendingSocket) {
  Peer& peer = open();
  peer.receive("0");
  const SocketId socket = latest_socket();
  server->handle(SocketEmit{socket, {R"(["y"])", {}}, std::nullopt, Delivery::droppable});
  server->handle(SocketAccept{socket});
  EXPECT_EQ(peer.take().size(), 1u);
}

}  // namespace
}  // namespace sioserve::socketio
