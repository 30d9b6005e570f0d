// Namespaces that are created when a client asks for them.
#include <gtest/gtest.h>

#include "tests/unit/socketio/fixture.h"

namespace sioserve::socketio {
namespace {

using Messages = std::vector<std::string>;

constexpr const char* invalid_a = R"(44/a,{"message":"Invalid namespace"})";

class DynamicNamespacesTest : public ServerFixture, public testing::Test {
 protected:
  std::uint64_t namespaces() const { return counters.get(Counter::namespaces); }

  void shout(const std::string& name_space) {
    server->handle(SocketBroadcast{name_space, {}, {}, {R"(["e"])", {}}});
  }

  SocketId ask(Peer& peer, const std::string& name) {
    peer.receive("0" + name + ",");
    return sink.all<SocketConnect>().back().socket;
  }
};

TEST_F(DynamicNamespacesTest, DynamicNamespacesAreOffByDefault) {
  Peer& peer = open();
  peer.receive("0/a,");
  EXPECT_EQ(peer.take(), (Messages{invalid_a}));
  EXPECT_TRUE(sink.events.empty());
  server->handle(ServeDynamicNamespaces{});
  peer.receive("0/a,");
  EXPECT_TRUE(peer.take().empty());
  EXPECT_EQ(sink.all<SocketConnect>().back().name_space, "/a");
}

TEST_F(DynamicNamespacesTest, ADynamicNamespaceIsRemovedWhenItsClientIsRefused) {
  server->handle(ServeDynamicNamespaces{});
  const auto before = namespaces();
  Peer& peer = open();
  const SocketId socket = ask(peer, "/a");
  EXPECT_EQ(namespaces(), before + 1);
  server->handle(SocketRefuse{socket, R"({"message":"Invalid namespace"})"});
  EXPECT_EQ(peer.take(), (Messages{invalid_a}));
  EXPECT_EQ(namespaces(), before);
  EXPECT_TRUE(peer.session->is_open());
}

TEST_F(DynamicNamespacesTest, ADynamicNamespaceIsRemovedWithItsLastSocket) {
  server->handle(ServeDynamicNamespaces{});
  const auto before = namespaces();
  Peer& one = open();
  Peer& two = open();
  for (Peer* peer : {&one, &two}) server->handle(SocketAccept{ask(*peer, "/a")});
  one.take();
  two.take();
  shout("/a");
  EXPECT_EQ(one.take(), (Messages{R"(42/a,["e"])"}));
  one.receive("1/a,");
  EXPECT_EQ(namespaces(), before + 1);
  two.take();
  shout("/a");
  EXPECT_EQ(two.take(), (Messages{R"(42/a,["e"])"}));
  two.session->websocket_closed(two.socket);
  EXPECT_EQ(namespaces(), before);
  EXPECT_EQ(sink.all<SocketDisconnect>().size(), 2u);
}

TEST_F(DynamicNamespacesTest, DynamicNamespacesAreRemovedWithADestroyedSession) {
  server->handle(ServeDynamicNamespaces{});
  const auto before = namespaces();
  Peer& peer = open();
  ask(peer, "/a");
  ask(peer, "/b");
  EXPECT_EQ(namespaces(), before + 2);
  peers.clear();
  EXPECT_EQ(namespaces(), before);
}

TEST_F(DynamicNamespacesTest, AnAddedNamespaceIsNotRemoved) {
  server->handle(ServeDynamicNamespaces{});
  config.socket_io.max_dynamic_namespaces = 1;
  Peer& peer = open();
  server->handle(SocketAccept{ask(peer, "/a")});
  const auto with_it = namespaces();
  server->handle(AddNamespace{"/a"});
  EXPECT_EQ(namespaces(), with_it);
  peer.receive("1/a,");
  EXPECT_EQ(namespaces(), with_it);
  ask(peer, "/b");  // /a no longer counts
  EXPECT_EQ(sink.all<SocketConnect>().back().name_space, "/b");
}

TEST_F(DynamicNamespacesTest, TheNumberOfDynamicNamespacesIsLimited) {
  server->handle(ServeDynamicNamespaces{});
  config.socket_io.max_dynamic_namespaces = 2;
  Peer& peer = open();
  ask(peer, "/a");
  const SocketId second = ask(peer, "/b");
  peer.take();
  peer.receive("0/c,");
  peer.receive("0/d,");
  EXPECT_EQ(peer.take(), (Messages{R"(44/c,{"message":"Invalid namespace"})",
                                   R"(44/d,{"message":"Invalid namespace"})"}));
  EXPECT_EQ(counters.get(Counter::dynamic_namespaces_refused), 2u);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].message.find("--socketio-max-dynamic-namespaces"), std::string::npos);
  Peer& other = open();
  other.receive("0/a,");  // exists
  other.receive("0/chat,");
  EXPECT_EQ(sink.all<SocketConnect>().back().name_space, "/chat");
  server->handle(SocketRefuse{second, "{}"});
  ask(peer, "/c");
  EXPECT_EQ(sink.all<SocketConnect>().back().name_space, "/c");
}

}  // namespace
}  // namespace sioserve::socketio
