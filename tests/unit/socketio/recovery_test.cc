#include "socketio/server/recovery.h"

#include <set>

#include "tests/unit/socketio/recovery_fixture.h"

namespace sioserve::socketio {
namespace {

TEST_F(RecoveryTest, IsOffByDefault) {
  config.socket_io.recovery_window = Milliseconds(0);
  restart();
  Peer& peer = open();
  peer.receive(R"(0{"pid":"x","offset":"y"})");
  EXPECT_EQ(tree(sink.all<SocketConnect>().back().auth), (Json{{"pid", "x"}, {"offset", "y"}}));
  const SocketId socket = latest_socket();
  server->handle(SocketAccept{socket});
  EXPECT_EQ(peer.take().at(0).find("pid"), std::string::npos);
  emit(socket, R"(["x"])");
  EXPECT_EQ(peer.take(), (Messages{R"(42["x"])"}));
  cut(peer);
  EXPECT_FALSE(sink.all<SocketDisconnect>().back().may_return);
}

TEST_F(RecoveryTest, TheAnswerToConnectHasAPidAndEventsHaveOffsets) {
  Peer& peer = open();
  peer.receive("0");
  const SocketId socket = latest_socket();
  server->handle(SocketAccept{socket});
  const Json answer = Json::parse(peer.take().at(0).substr(2));
  EXPECT_EQ(answer.at("sid"), sink.all<SocketConnect>().back().id);
  EXPECT_EQ(answer.at("pid").get<std::string>().size(), 20u);
  EXPECT_NE(answer.at("pid"), answer.at("sid"));

  emit(socket, R"(["one",1])");
  broadcast(R"(["two"])");
  server->handle(SocketEmit{socket, {R"(["three",{"_placeholder":true,"num":0}])", {"bytes"}}, {}});
  server->handle(SocketEmit{socket, {R"(["volatile"])", {}}, {}, Delivery::droppable});
  server->handle(SocketEmit{socket, {R"(["asks"])", {}}, 5});
  const Messages sent = peer.take();
  ASSERT_EQ(sent.size(), 6u);
  std::set<std::string> offsets;
  for (const std::size_t i : {0u, 1u, 2u, 4u}) {
    const Json args = Json::parse(sent[i].substr(sent[i].find('[')));
    offsets.insert(args.back().get<std::string>());
  }
  EXPECT_EQ(offsets.size(), 4u);
  EXPECT_TRUE(sent[0].starts_with(R"(42["one",1,")"));
  EXPECT_TRUE(sent[2].starts_with(R"(451-["three",{"_placeholder":true,"num":0},")"));
  EXPECT_EQ(sent[3], "b:bytes");
  EXPECT_EQ(sent[5], R"(420["asks"])") << "its last argument is for the acknowledgement";
}

TEST_F(RecoveryTest, ARecoveredClientGetsMissedEventsOnceAndInOrder) {
  Memory memory;
  Peer& first = open();
  const SocketId before = connect(first);
  server->handle(SocketJoin{before, "room"});
  emit(before, R"(["a"])");
  EXPECT_EQ(take(first, memory), (Messages{"CONNECT", R"(["a"])"}));
  const std::string sid = memory.sid;
  emit(before, R"(["b"])");  // in transit when the connection breaks
  cut(first);
  const auto left = sink.all<SocketDisconnect>().back();
  EXPECT_EQ(left.socket, before);
  EXPECT_TRUE(left.may_return);
  broadcast(R"(["c"])", {"room"});
  broadcast(R"(["stranger's"])", {"other"});
  broadcast(R"(["excepted"])", {}, {before});
  server->handle(SocketBroadcast{"/", {sid}, {}, {R"(["d"])", {}}});
  server->handle(SocketEmit{before, {R"(["volatile"])", {}}, {}, Delivery::droppable});
  server->handle(SocketEmit{before, {R"(["asks"])", {}}, 5});

  Peer& second = open();
  second.receive("0" + memory.payload());
  const auto connect = sink.all<SocketConnect>().back();
  EXPECT_EQ(connect.recovered, before);
  EXPECT_EQ(connect.id, sid);
  EXPECT_EQ(tree(connect.auth), Json::object()) << "pid and offset are not for the application";
  EXPECT_NE(connect.socket, before);
  EXPECT_TRUE(second.take().empty());
  emit(connect.socket, R"(["e"])");  // from its connect handler
  broadcast(R"(["f"])", {"room"});
  emit(before, R"(["g"])");  // from a handler that still runs for the lost connection
  server->handle(SocketAccept{connect.socket});
  const std::string pid = memory.pid;
  EXPECT_EQ(take(second, memory), (Messages{"CONNECT", R"(["b"])", R"(["c"])", R"(["d"])",
                                            R"(["e"])", R"(["f"])", R"(["g"])"}));
  EXPECT_EQ(memory.sid, sid);
  EXPECT_EQ(memory.pid, pid);
  EXPECT_TRUE(sink.all<SocketForgotten>().empty());
  EXPECT_EQ(count(Counter::sockets_recovered), 1u);
  EXPECT_EQ(count(Counter::recoverable_sockets), 0u);
  EXPECT_EQ(count(Counter::sockets), 1u);

  broadcast(R"(["h"])", {"room"});
  EXPECT_EQ(take(second, memory), (Messages{R"(["h"])"}));
}

TEST_F(RecoveryTest, MissedEventsAreSentWithTheirAttachments) {
  Memory memory;
  Peer& first = open();
  const SocketId socket = connect(first);
  take(first, memory);
  cut(first);
  server->handle(SocketEmit{socket,
                            {R"(["x",{"_placeholder":true,"num":0}])", {"bytes"}},
                            {},
                            Delivery::reliable,
                            Compression::declined});
  Peer& second = open();
  connect(second, memory.payload());
  const Messages sent = second.take();
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(second.socket.declined, (Messages{sent[1], "bytes"})) << "compression, as when sent";
  EXPECT_TRUE(sent[1].starts_with(R"(451-["x",{"_placeholder":true,"num":0},")"));
  EXPECT_EQ(sent[2], "b:bytes");
}

TEST_F(RecoveryTest, ARecoveredClientThatReceivedNothingGetsAllEvents) {
  Memory memory;
  Peer& first = open();
  const SocketId socket = connect(first);
  take(first, memory);
  emit(socket, R"(["a"])");  // never arrives
  cut(first);
  ASSERT_FALSE(memory.offset);
  Peer& second = open();
  connect(second, memory.payload());
  EXPECT_EQ(take(second, memory), (Messages{"CONNECT", R"(["a"])"}));
}

TEST_F(RecoveryTest, AParkedSocketCanJoinAndLeaveRooms) {
  Memory memory;
  Peer& first = open();
  const SocketId socket = connect(first);
  server->handle(SocketJoin{socket, "old"});
  take(first, memory);
  cut(first);
  server->handle(SocketJoin{socket, "new"});
  server->handle(SocketLeave{socket, "old"});
  broadcast(R"(["to old"])", {"old"});
  broadcast(R"(["to new"])", {"new"});
  Peer& second = open();
  connect(second, memory.payload());
  EXPECT_EQ(take(second, memory), (Messages{"CONNECT", R"(["to new"])"}));
  server->handle(SocketLeave{socket, "new"});
  broadcast(R"(["to new again"])", {"new"});
  EXPECT_TRUE(second.take().empty());
}

// In each of these cases the client gets a new socket.
struct NotRecovered : RecoveryTest {
  Memory memory;
  SocketId before{};

  void SetUp() override {
    Peer& first = open();
    before = connect(first);
    emit(before, R"(["a"])");
    take(first, memory);
    cut(first);
    emit(before, R"(["missed"])");
  }

  void expect_new(const std::string& payload, const std::string& name_space = "/") {
    const std::string sid = memory.sid, pid = memory.pid;
    Peer& second = open();
    connect(second, payload, name_space);
    EXPECT_EQ(latest_recovered(), std::nullopt);
    EXPECT_EQ(take(second, memory), Messages{"CONNECT"}) << payload;
    EXPECT_NE(memory.sid, sid);
    EXPECT_NE(memory.pid, pid);
  }
};

TEST_F(NotRecovered, WithAnotherPid) {
  expect_new(R"({"pid":"AAAAAAAAAAAAAAAAAAAA","offset":")" + *memory.offset + "\"}");
  expect_new(R"({"pid":")" + memory.sid + "\"}");
  expect_new(R"({"pid":"","offset":""})");
  expect_new(R"({"pid":7,"offset":7})");
  expect_new(R"({"offset":")" + *memory.offset + "\"}");
}

TEST_F(NotRecovered, WithAnInvalidOffset) {
  const std::string pid = memory.pid;
  for (const char* offset : {R"("")", R"("-1")", R"("a b")", R"("zzzzzzzzzzzzzzzz")", "5", "null",
                             R"("1zzzzzzzzzzzz")"}) {
    expect_new(R"({"pid":")" + pid + R"(","offset":)" + offset + "}");
  }
}

TEST_F(NotRecovered, InAnotherNamespace) { expect_new(memory.payload(), "/chat"); }

TEST_F(NotRecovered, AfterTheRecoveryWindow) {
  server->advance(now);
  server->advance(now += window - Milliseconds(1));
  EXPECT_FALSE(is_forgotten(before));
  server->advance(now += Milliseconds(1));
  EXPECT_TRUE(is_forgotten(before));
  EXPECT_EQ(count(Counter::recoverable_sockets), 0u);
  expect_new(memory.payload());
}

TEST_F(NotRecovered, ASecondTimeWithTheSamePid) {
  Peer& second = open();
  Memory copy = memory;
  connect(second, memory.payload());
  EXPECT_EQ(latest_recovered(), before);
  server->handle(SocketClose{latest_socket(), false});
  expect_new(memory.payload());
}

TEST_F(NotRecovered, WhenTheApplicationDisconnectsTheParkedSocket) {
  server->handle(SocketClose{before, false});
  EXPECT_TRUE(is_forgotten(before));
  expect_new(memory.payload());
}

TEST_F(NotRecovered, WhenItsRecoveryWasRefused) {
  Peer& second = open();
  second.receive("0" + memory.payload());
  EXPECT_EQ(latest_recovered(), before);
  server->handle(SocketRefuse{latest_socket(), R"({"message":"no"})"});
  EXPECT_EQ(second.take(), (Messages{R"(44{"message":"no"})"}));
  expect_new(memory.payload());
}

TEST_F(NotRecovered, WhenItMissedMoreThanTheLogKeeps) {
  for (int i = 0; i < 9; ++i) emit(before, "[\"" + std::string(100'000, 'x') + "\"]");
  EXPECT_FALSE(is_forgotten(before));
  emit(before, "[\"" + std::string(100'000, 'x') + "\"]");
  EXPECT_TRUE(is_forgotten(before));
  EXPECT_EQ(count(Counter::recoveries_lost), 1u);
  EXPECT_EQ(warnings.size(), 1u);
  expect_new(memory.payload());
}

TEST_F(RecoveryTest, ADeliberateDisconnectIsNotRecovered) {
  Memory memory;
  for (const char* reason : {"client", "server", "session", "packet"}) {
    Peer& peer = open();
    const SocketId socket = connect(peer);
    if (reason == std::string("client")) peer.receive("1");
    if (reason == std::string("server")) server->handle(SocketClose{socket, false});
    if (reason == std::string("session")) server->handle(SocketClose{socket, true});
    if (reason == std::string("packet")) {
      peer.session->receive_websocket(peer.socket, MessageKind::text, "nonsense");
    }
    const auto left = sink.all<SocketDisconnect>().back();
    EXPECT_EQ(left.socket, socket);
    EXPECT_FALSE(left.may_return) << reason;
  }
  Peer& unanswered = open();
  unanswered.receive("0");
  cut(unanswered);
  EXPECT_FALSE(sink.all<SocketDisconnect>().back().may_return) << "its client knows no pid";
  EXPECT_EQ(count(Counter::recoverable_sockets), 0u);
  EXPECT_EQ(count(Counter::sockets), 0u);
}

TEST_F(RecoveryTest, AnOldConnectionThatIsStillOpenIsReplaced) {
  Memory memory;
  Peer& first = open();
  const SocketId before = connect(first);
  take(first, memory);
  const SocketId chat = join_namespace(first, "/chat");
  emit(before, R"(["a"])");
  take(first, memory);
  emit(before, R"(["b"])");  // lost in the client's old network
  Peer& second = open();
  const SocketId after = connect(second, memory.payload());
  EXPECT_TRUE(first.host.ended);
  const auto left = sink.all<SocketDisconnect>();
  ASSERT_EQ(left.size(), 2u);
  for (const auto& event : left) {
    EXPECT_TRUE(event.may_return);
    EXPECT_EQ(event.reference_reason, "transport close");
  }
  EXPECT_EQ(latest_recovered(), before);
  EXPECT_EQ(take(second, memory), (Messages{"CONNECT", R"(["b"])"}));
  emit(after, R"(["c"])");
  EXPECT_EQ(take(second, memory), (Messages{R"(["c"])"}));
  EXPECT_FALSE(is_forgotten(chat));
}

TEST_F(RecoveryTest, AClientThatDisconnectsWhilePendingCanBeRecoveredAgain) {
  Memory memory;
  Peer& first = open();
  const SocketId before = connect(first);
  take(first, memory);
  cut(first);
  emit(before, R"(["a"])");
  Peer& second = open();
  second.receive("0" + memory.payload());
  const SocketId middle = latest_socket();
  emit(middle, R"(["b"])");
  cut(second);
  EXPECT_TRUE(sink.all<SocketDisconnect>().back().may_return);
  server->handle(SocketAccept{middle});  // too late
  emit(middle, R"(["c"])");
  Peer& third = open();
  third.receive("0" + memory.payload());
  const SocketId last = latest_socket();
  EXPECT_EQ(latest_recovered(), middle);
  server->handle(SocketRefuse{middle, "{}"});  // for the previous attempt
  server->handle(SocketAccept{last});
  EXPECT_EQ(take(third, memory), (Messages{"CONNECT", R"(["a"])", R"(["b"])", R"(["c"])"}));
}

TEST_F(RecoveryTest, ALateRefusalDestroysTheParkedSocket) {
  Memory memory;
  Peer& first = open();
  connect(first);
  take(first, memory);
  cut(first);
  Peer& second = open();
  second.receive("0" + memory.payload());
  const SocketId middle = latest_socket();
  cut(second);
  server->handle(SocketRefuse{middle, "{}"});
  EXPECT_TRUE(is_forgotten(middle));
  EXPECT_EQ(count(Counter::recoverable_sockets), 0u);
}

TEST_F(RecoveryTest, ARecoveredSocketHasTheRelaysOfItsNewConnection) {
  Memory memory;
  Peer& first = open();
  first.receive("0");
  server->handle(DefineRelays{RelaysId{1}, {{"move", {.to = Relay::To::name_space, .rooms = {}}}}});
  server->handle(SocketAccept{latest_socket(), RelaysId{1}});
  take(first, memory);
  cut(first);
  Peer& second = open();
  connect(second, memory.payload());
  ASSERT_TRUE(latest_recovered());
  second.receive(R"(2["move"])");
  EXPECT_EQ(sink.all<SocketEvent>().size(), 1u);
}

TEST_F(RecoveryTest, FormerIdsWorkButNotForAcknowledgements) {
  Memory memory;
  Peer* peer = &open();
  const SocketId first = connect(*peer);
  peer->receive(R"(29["question"])");
  SocketId latest = first;
  for (int i = 0; i < 20; ++i) {
    take(*peer, memory);
    cut(*peer);
    peer = &open();
    latest = connect(*peer, memory.payload());
    take(*peer, memory);
    if (i != 3) continue;
    server->handle(SocketAck{first, 9, {"[]", {}}});
    EXPECT_TRUE(peer->take().empty()) << "the client no longer waits";
    emit(first, R"(["late"])");
    EXPECT_EQ(take(*peer, memory), (Messages{R"(["late"])"}));
  }
  emit(first, R"(["too late"])");
  broadcast(R"(["not to itself"])", {}, {latest});
  EXPECT_TRUE(peer->take().empty());
  emit(latest, R"(["now"])");
  EXPECT_EQ(take(*peer, memory), (Messages{R"(["now"])"}));
}

TEST_F(RecoveryTest, PongsRemoveReceivedEventsFromTheLog) {
  config.socket_io.recovery_buffer = 10'000;
  restart();
  Memory memory;
  Peer& peer = open();
  const SocketId socket = connect(peer);
  // Far more bytes than the buffer, to a client that answers pings.
  int pings = 0;
  for (int i = 0; i < 1'000; ++i) {
    emit(socket, R"(["x"])");
    for (const std::string& message : peer.socket.sent) {
      if (message == "2") ++pings;
    }
    const bool pinged = !peer.socket.sent.empty() && peer.socket.sent.back() == "2";
    take(peer, memory);
    if (pinged) peer.session->receive_websocket(peer.socket, MessageKind::text, "3");
  }
  EXPECT_GT(pings, 5);
  EXPECT_LT(pings, 50);
  // Nothing was removed from the log: the client can resume after the last event.
  cut(peer);
  Peer& second = open();
  connect(second, memory.payload());
  EXPECT_EQ(latest_recovered(), socket);
  EXPECT_EQ(take(second, memory), Messages{"CONNECT"});
}

TEST_F(RecoveryTest, ClientsOfEngineIo3AreNotRecovered) {
  framing = &engine::framing_v3(engine::BinaryForm::bytes);
  config.socket_io.recovery_buffer = 1'000;
  restart();
  Peer& peer = open();
  const SocketId socket = latest_socket();
  server->handle(SocketAccept{socket});
  peer.take();
  for (int i = 0; i < 100; ++i) emit(socket, R"(["x"])");
  const Messages sent = peer.take();
  EXPECT_EQ(sent.size(), 100u);
  EXPECT_EQ(std::ranges::count(sent, "2"), 0) << "in that protocol only the client pings";
  cut(peer);
  EXPECT_FALSE(sink.all<SocketDisconnect>().back().may_return);
}

TEST_F(RecoveryTest, APongDoesNotConfirmQueuedEvents) {
  config.socket_io.recovery_buffer = 10'000;
  restart();
  Memory memory;
  Peer& peer = open();
  const SocketId socket = connect(peer);
  take(peer, memory);
  peer.socket.buffered_bytes = 100 << 20;  // the client reads nothing: events stay queued
  emit(socket, R"(["a"])");
  peer.session->ask_for_pong();
  EXPECT_EQ(peer.take(), Messages{"2"}) << "the ping is sent first";
  peer.session->receive_websocket(peer.socket, MessageKind::text, "3");
  cut(peer);
  Peer& second = open();
  connect(second, memory.payload());
  EXPECT_EQ(take(second, memory), (Messages{"CONNECT", R"(["a"])"}));
}

}  // namespace
}  // namespace sioserve::socketio
