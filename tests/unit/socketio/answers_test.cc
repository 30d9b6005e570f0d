// Queries about sockets and rooms, also after a disconnect.
#include <gtest/gtest.h>

#include <set>

#include "tests/unit/socketio/recovery_fixture.h"

namespace sioserve::socketio {
namespace {

using Names = std::set<std::string>;

class RoomAnswersTest : public ServerFixture, public testing::Test {
 protected:
  void join(SocketId socket, const std::string& room) { server->handle(SocketJoin{socket, room}); }
  void leave(Peer& peer) { peer.session->websocket_closed(peer.socket); }

  Names rooms_of(SocketId socket) {
    const auto rooms = ask(RoomsOfSocket{socket});
    return {rooms.begin(), rooms.end()};
  }

  // "+room id", "-room id"; without an id if the room is created or deleted.
  std::vector<std::string> changes(const std::string& name_space = "/") {
    std::vector<std::string> told;
    for (const RoomChange& change : ask(RoomChanges{name_space})) {
      const bool comes =
          change.kind == RoomChange::Kind::created || change.kind == RoomChange::Kind::joined;
      told.push_back((comes ? "+" : "-") + change.room +
                     (change.id.empty() ? "" : " " + change.id));
    }
    return told;
  }
};

using Told = std::vector<std::string>;

TEST_F(RoomAnswersTest, RoomChangesDoNotWaitWithoutEnd) {
  server->handle(WatchRooms{"/"});
  const SocketId socket = join_namespace(open());
  for (std::size_t i = 0; i < max_recorded_changes / 4 + 1; ++i) {
    join(socket, "a");  // two changes, and two more when it leaves
    server->handle(SocketLeave{socket, "a"});
  }
  EXPECT_EQ(ask(RoomChanges{"/"}).size(), max_recorded_changes);
  EXPECT_NE(warnings.back().message.find("room events of namespace / were dropped"),
            std::string::npos);
  join(socket, "b");
  EXPECT_EQ(changes().size(), 2u) << "from now on they are recorded again";
}

TEST_F(RoomAnswersTest, ASocketIsInTheRoomsThatItHasJoined) {
  const SocketId socket = join_namespace(open());
  EXPECT_TRUE(rooms_of(socket).empty());
  join(socket, "a");
  join(socket, "b");
  server->handle(SocketLeave{socket, "a"});
  EXPECT_EQ(rooms_of(socket), (Names{"b"}));
  EXPECT_EQ(ask(Membership{socket, "b"}).rooms, 1u);
  EXPECT_TRUE(ask(Membership{socket, "b"}).is_member);
  EXPECT_TRUE(rooms_of(SocketId{99}).empty());
}

TEST_F(RoomAnswersTest, ADisconnectedSocketKeepsItsRoomsForItsHandlersOnly) {
  config.socket_io.max_rooms = 2;
  restart();
  Peer& peer = open();
  const SocketId socket = join_namespace(peer);
  join(socket, "a");
  leave(peer);
  EXPECT_EQ(rooms_of(socket), (Names{"a"}));
  EXPECT_TRUE(ask(RoomsOfNamespace{"/"}).empty());
  EXPECT_TRUE(ask(SocketsIn{"/", {"a"}, {}}).empty());
  join(socket, "b");
  join(socket, "one too many");
  EXPECT_EQ(rooms_of(socket), (Names{"a", "b"}));
  EXPECT_EQ(ask(Membership{socket, "b"}).rooms, 2u);
  server->handle(SocketLeave{socket, "a"});
  EXPECT_EQ(rooms_of(socket), (Names{"b"}));
  server->handle(SocketLeaveAll{socket});
  EXPECT_TRUE(rooms_of(socket).empty());
  join(socket, "b");
  EXPECT_EQ(counters.get(Counter::rooms), 0u);
  server->handle(SocketReleased{socket});
  join(socket, "c");
  EXPECT_TRUE(rooms_of(socket).empty());
}

TEST_F(RoomAnswersTest, ReleasingAConnectedSocketHasNoEffect) {
  const SocketId socket = join_namespace(open());
  join(socket, "a");
  server->handle(SocketReleased{socket});
  EXPECT_EQ(rooms_of(socket), (Names{"a"}));
}

TEST_F(RoomAnswersTest, TheSocketsOfANamespaceAreListedBySocketIdAndPublicId) {
  const SocketId one = join_namespace(open()), two = join_namespace(open());
  join(one, "r");
  EXPECT_EQ(ask(SocketsIn{"/", {"r"}, {}}), (std::vector{one}));
  EXPECT_EQ(ask(SocketsIn{"/", {public_id(two)}, {}}), (std::vector{two}));
  EXPECT_EQ(ask(SocketsIn{"/", {}, {public_id(two)}}), (std::vector{one}));
  EXPECT_TRUE(ask(SocketsIn{"/unknown", {}, {}}).empty());
  const auto rooms = ask(RoomsOfNamespace{"/"});
  ASSERT_EQ(rooms.size(), 1u);
  EXPECT_EQ(rooms[0].room, "r");
  EXPECT_EQ(rooms[0].ids, (Told{public_id(one)}));
  EXPECT_TRUE(ask(RoomsOfNamespace{"/unknown"}).empty());
}

TEST_F(RoomAnswersTest, ConnectedSocketsAreCounted) {
  Peer& peer = open();
  join_namespace(peer);
  join_namespace(open());
  EXPECT_EQ(ask(SocketCount{"/"}).number, 2u);
  EXPECT_EQ(ask(SocketCount{"/unknown"}).number, 0u);
  leave(peer);
  EXPECT_EQ(ask(SocketCount{"/"}).number, 1u);
  const auto in_use = ask(NamespacesInUse{});
  ASSERT_EQ(in_use.size(), 1u);
  EXPECT_EQ(in_use[0].name, "/");
  EXPECT_EQ(in_use[0].connected, 1u);
}

TEST_F(RoomAnswersTest, ASocketThatIsNotAcceptedYetIsNotCounted) {
  server->handle(ServeDynamicNamespaces{});
  open().receive("0/a,{}");
  EXPECT_EQ(ask(SocketCount{"/a"}).number, 0u);
  EXPECT_TRUE(ask(NamespacesInUse{}).empty());
  server->handle(SocketAccept{latest_socket()});
  EXPECT_EQ(ask(SocketCount{"/a"}).number, 1u);
  EXPECT_EQ(ask(NamespacesInUse{}).size(), 1u);
}

TEST_F(RoomAnswersTest, IdsOfClientsAreNoRooms) {
  const SocketId socket = join_namespace(open());
  join(socket, "room");
  EXPECT_EQ(ask(ClientIdInUse{"/", public_id(socket)}).number, 1u);
  EXPECT_EQ(ask(ClientIdInUse{"/", "room"}).number, 0u);
  EXPECT_EQ(ask(ClientIdInUse{"/unknown", public_id(socket)}).number, 0u);
}

TEST_F(RoomAnswersTest, RoomChangesOfAWatchedNamespaceAreReturnedOnceAndInOrder) {
  Peer& peer = open();
  const SocketId one = join_namespace(peer), two = join_namespace(open());
  const std::string first = public_id(one), second = public_id(two);
  join(one, "early");
  EXPECT_TRUE(changes().empty()) << "the signal is not watched";
  server->handle(WatchRooms{"/"});
  join(one, "r");
  leave(peer);
  join(two, "r");
  EXPECT_EQ(changes().size(), 8u);
  EXPECT_TRUE(changes().empty());
  server->handle(SocketLeave{two, "r"});
  EXPECT_EQ(changes(), (Told{"-r " + second, "-r"}));
  server->handle(UnwatchRooms{"/"});
  join(two, "r");
  server->handle(WatchRooms{"/"});
  EXPECT_TRUE(changes().empty());
}

TEST_F(RoomAnswersTest, RoomChangesOutliveADynamicNamespace) {
  server->handle(ServeDynamicNamespaces{});
  server->handle(WatchRooms{"/a"});
  for (int i = 0; i < 2; ++i) {
    Peer& peer = open();
    const SocketId socket = join_namespace(peer, "/a");
    join(socket, "r");
    leave(peer);
    EXPECT_EQ(counters.get(Counter::namespaces), 2u);
    const std::string id = public_id(socket);
    EXPECT_EQ(changes("/a"), (Told{"+r", "+r " + id, "-r " + id, "-r"}));
  }
}

using RecoveredRoomsTest = RecoveryTest;

TEST_F(RecoveredRoomsTest, AClientThatMayBeRecoveredIsInItsRooms) {
  Memory memory;
  Peer& first = open();
  const SocketId before = connect(first);
  server->handle(SocketJoin{before, "r"});
  server->handle(WatchRooms{"/"});
  take(first, memory);
  cut(first);
  EXPECT_EQ(ask(RoomsOfSocket{before}), (std::vector<std::string>{"r"}));
  EXPECT_EQ(ask(SocketsIn{"/", {"r"}, {}}), (std::vector{before}));
  Peer& second = open();
  const SocketId after = connect(second, memory.payload());
  EXPECT_EQ(ask(RoomsOfSocket{before}), (std::vector<std::string>{"r"}));
  EXPECT_EQ(ask(SocketsIn{"/", {memory.sid}, {}}), (std::vector{after}));
  EXPECT_TRUE(ask(RoomChanges{"/"}).empty());
}

TEST_F(RecoveredRoomsTest, AClientThatMayBeRecoveredIsNotCounted) {
  Memory memory;
  Peer& first = open();
  connect(first);
  take(first, memory);
  cut(first);
  EXPECT_EQ(ask(SocketCount{"/"}).number, 0u);
  ASSERT_EQ(ask(NamespacesInUse{}).size(), 1u) << "its events are kept";
  EXPECT_EQ(ask(NamespacesInUse{})[0].connected, 0u);
  connect(open(), memory.payload());
  EXPECT_EQ(ask(SocketCount{"/"}).number, 1u);
  EXPECT_EQ(ask(NamespacesInUse{}).size(), 1u);
}

TEST_F(RecoveredRoomsTest, AClientThatIsNotRecoveredKeepsItsRoomsForItsHandlersOnly) {
  Peer& peer = open();
  const SocketId socket = connect(peer);
  server->handle(SocketJoin{socket, "r"});
  server->handle(WatchRooms{"/"});
  cut(peer);
  later(window);
  EXPECT_EQ(sink.all<SocketForgotten>().size(), 1u);
  EXPECT_EQ(ask(RoomsOfSocket{socket}), (std::vector<std::string>{"r"}));
  EXPECT_TRUE(ask(RoomsOfNamespace{"/"}).empty());
  EXPECT_EQ(ask(RoomChanges{"/"}).size(), 2u);
  server->handle(SocketReleased{socket});
  EXPECT_TRUE(ask(RoomsOfSocket{socket}).empty());
}

}  // namespace
}  // namespace sioserve::socketio
