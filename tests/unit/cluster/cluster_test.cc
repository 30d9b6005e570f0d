#include "socketio/cluster/cluster.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "socketio/cluster/formats.h"
#include "tests/unit/cluster/fake_network.h"

namespace sioserve::socketio::cluster {
namespace {

using Texts = std::vector<std::string>;

class ClusterTest : public testing::TestWithParam<Member::Wire> {
 protected:
  ClusterTest() : a(network.add(GetParam())), b(network.add(GetParam())) {}

  void emit(std::string json, Texts rooms = {}, Texts except = {},
            BroadcastScope scope = BroadcastScope::all_servers) {
    SocketBroadcast broadcast{"/", std::move(rooms), std::move(except), {std::move(json), {}}};
    broadcast.scope = scope;
    a.fixture.server->handle(std::move(broadcast));
  }

  void ask(ClusterTopic topic, std::string json = "[]", Texts rooms = {},
           std::string name_space = "/") {
    AskServers command{
        7, topic, std::move(name_space), std::move(rooms), {}, {std::move(json), {}}};
    command.timeout = Milliseconds{1'000};
    a.cluster->handle(ClusterCommand(std::move(command)));
  }

  std::vector<ServersAnswered> answered() const { return a.fixture.sink.all<ServersAnswered>(); }

  FakeNetwork network;
  Member& a;
  Member& b;
};

// 10,000 of each topic and process together.
TEST_P(ClusterTest, open_requests_are_bounded_and_further_ones_are_refused) {
  for (int i = 0; i < 10'000; ++i) ask(ClusterTopic::fetch_sockets);
  EXPECT_EQ(answered().size(), 0U);
  const std::size_t published = a.bus.published.size();
  ask(ClusterTopic::fetch_sockets);
  ask(ClusterTopic::broadcast, R"(["e"])");
  EXPECT_EQ(a.bus.published.size(), published) << "the others are not asked";
  ASSERT_EQ(answered().size(), 2U);
  for (const ServersAnswered& refused : answered()) {
    EXPECT_TRUE(refused.refused);
    EXPECT_EQ(refused.number, 7U);
    EXPECT_EQ(refused.args.payload, "[]");
  }
  EXPECT_EQ(a.fixture.counters.get(Counter::cluster_requests_refused), 2U);
  AskServers unanswered{0, ClusterTopic::server_side_emit, "/", {}, {}, {R"(["e"])", {}}};
  a.cluster->handle(ClusterCommand(std::move(unanswered)));
  EXPECT_GT(a.bus.published.size(), published) << "nothing is kept of it";

  network.advance(Milliseconds{2'000});
  EXPECT_EQ(answered().size(), 10'002U);
  ask(ClusterTopic::fetch_sockets);
  network.advance(Milliseconds{2'000});
  EXPECT_EQ(answered().size(), 10'003U);
  EXPECT_FALSE(answered().back().refused);
}

TEST_P(ClusterTest, a_broadcast_reaches_the_clients_of_all_servers_once) {
  const auto here = a.connect();
  const auto there = b.connect();
  emit(R"(["news",1])");
  EXPECT_EQ(here.peer->take(), Texts{R"(42["news",1])"}) << "at once";
  EXPECT_EQ(there.peer->take(), Texts{});
  network.settle();
  EXPECT_EQ(here.peer->take(), Texts{});
  EXPECT_EQ(there.peer->take(), Texts{R"(42["news",1])"});
  EXPECT_EQ(a.fixture.counters.get(Counter::emits), 1U);
  EXPECT_EQ(b.fixture.counters.get(Counter::emits), 0U) << "its application has emitted nothing";
  EXPECT_EQ(b.fixture.counters.get(Counter::deliveries), 1U);
}

TEST_P(ClusterTest, a_local_broadcast_and_a_check_of_arguments_are_not_published) {
  emit(R"(["news",1])", {}, {}, BroadcastScope::this_server);
  a.fixture.server->handle(SocketBroadcast{"", {}, {}, {"[1]", {}}});
  EXPECT_EQ(a.bus.published, Texts{});
}

TEST_P(ClusterTest, rooms_and_excluded_clients_span_servers) {
  const auto in_room = b.connect();
  const auto excluded = b.connect();
  const auto other = b.connect();
  b.join(in_room, "r");
  b.join(excluded, "r");
  emit(R"(["e"])", {"r"}, {excluded.id});
  emit(R"(["f"])", {other.id});
  network.settle();  // the next one is on another channel
  emit(R"(["g"])", {"r", other.id}, {"r"});
  network.settle();
  EXPECT_EQ(in_room.peer->take(), Texts{R"(42["e"])"});
  EXPECT_EQ(excluded.peer->take(), Texts{});
  EXPECT_EQ(other.peer->take(), (Texts{R"(42["f"])", R"(42["g"])"}));
}

TEST_P(ClusterTest, only_servers_with_members_of_a_room_subscribe_to_it) {
  const auto client = b.connect();
  EXPECT_FALSE(b.bus.is_subscribed("socket.io#/#r#"));
  b.join(client, "r");
  EXPECT_TRUE(b.bus.is_subscribed("socket.io#/#r#"));
  EXPECT_FALSE(a.bus.is_subscribed("socket.io#/#r#"));
  b.fixture.server->handle(SocketLeave{client.socket, "r"});
  EXPECT_TRUE(b.bus.is_subscribed("socket.io#/#r#")) << "for some time";
  network.advance(Milliseconds{5'000});
  b.join(client, "r");
  network.advance(Milliseconds{20'000});
  EXPECT_TRUE(b.bus.is_subscribed("socket.io#/#r#")) << "it is used again";
  b.fixture.server->handle(SocketLeave{client.socket, "r"});
  network.advance(Milliseconds{20'000});
  EXPECT_FALSE(b.bus.is_subscribed("socket.io#/#r#"));
}

TEST_P(ClusterTest, a_dynamic_namespace_ends_its_subscriptions_with_its_last_client) {
  const std::size_t before = b.bus.subscriptions();
  b.fixture.server->handle(ServeDynamicNamespaces{});
  const auto client = b.connect("/board-1");
  b.join(client, "r");
  EXPECT_GT(b.bus.subscriptions(), before);
  b.fixture.server->handle(SocketClose{client.socket, false});
  EXPECT_EQ(b.bus.subscriptions(), before);
}

TEST_P(ClusterTest, a_relay_crosses_servers) {
  const auto sender = a.connect();
  const auto local = a.connect();
  const auto remote = b.connect();
  a.fixture.server->handle(
      DefineRelays{RelaysId{1}, {{"own", Relay{}}, {"all", Relay{Relay::To::name_space, {}}}}});
  a.fixture.server->handle(SocketAccept{sender.socket, RelaysId{1}});
  sender.peer->receive(R"(2["own",1])");
  EXPECT_EQ(a.bus.published, Texts{}) << "it is in no rooms";
  sender.peer->receive(R"(2["all",2])");
  network.settle();
  EXPECT_EQ(local.peer->take(), Texts{R"(42["all",2])"});
  EXPECT_EQ(remote.peer->take(), Texts{R"(42["all",2])"});
  EXPECT_EQ(sender.peer->take(), Texts{});
  a.join(sender, "r");
  b.join(remote, "r");
  sender.peer->receive(R"(2["own",3])");
  network.settle();
  EXPECT_EQ(remote.peer->take(), Texts{R"(42["own",3])"});
}

TEST_P(ClusterTest, joins_leaves_and_disconnects_reach_sockets_of_other_servers_only) {
  const auto here = a.connect();
  const auto there = b.connect();
  const auto rooms = [](Member& member, const Member::Client& client) {
    return member.fixture.ask(RoomsOfSocket{client.socket});
  };
  const auto change = [this](SocketChange what, Texts changed = {}) {
    a.cluster->handle(ClusterCommand(ChangeSockets{what, "/", {}, {}, std::move(changed)}));
    network.settle();
  };
  change(SocketChange::join, {"r", "s"});
  EXPECT_EQ(rooms(b, there).size(), 2U);
  EXPECT_EQ(rooms(a, here).size(), 0U);
  change(SocketChange::leave, {"r"});
  EXPECT_EQ(rooms(b, there), Texts{"s"});
  change(SocketChange::disconnect);
  EXPECT_EQ(there.peer->take(), Texts{"41"});
  EXPECT_EQ(here.peer->take(), Texts{});
  const auto second = b.connect();
  change(SocketChange::close_session);
  EXPECT_TRUE(second.peer->socket.close_code.has_value());
}

TEST_P(ClusterTest, an_event_before_a_remote_leave_reaches_the_leaver) {
  const auto client = b.connect();
  b.join(client, "r");
  emit(R"(["bye"])", {"r"});
  // Redis delivers in the order of publication.
  while (FakeNetwork::deliver(b, "socket.io#/#r#")) {
  }
  a.cluster->handle(ClusterCommand(ChangeSockets{SocketChange::leave, "/", {"r"}, {}, {"r"}}));
  network.settle();
  EXPECT_EQ(client.peer->take(), Texts{R"(42["bye"])"});
}

TEST_P(ClusterTest, sockets_are_fetched_from_the_application_of_each_server) {
  ask(ClusterTopic::fetch_sockets, "[]", {"r"});
  network.settle();
  const auto asked = b.fixture.sink.all<AskedByServer>();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].rooms, Texts{"r"});
  EXPECT_TRUE(a.fixture.sink.all<AskedByServer>().empty());
  b.cluster->handle(ClusterCommand(AnswerServer{asked[0].number, {R"([[{"id":"x"}]])", {}}}));
  b.cluster->handle(ClusterCommand(AnswerServer{asked[0].number, {R"([[{"id":"y"}]])", {}}}));
  network.settle();
  ASSERT_EQ(answered().size(), 1U);
  EXPECT_EQ(answered()[0].number, 7U);
  EXPECT_EQ(answered()[0].args.payload, R"([{"id":"x"}])");
  EXPECT_EQ(answered()[0].servers, 1U);
  EXPECT_EQ(answered()[0].silent_servers, 0U);
}

TEST_P(ClusterTest, a_server_that_does_not_answer_is_waited_for_until_the_timeout) {
  network.add(GetParam());
  ask(ClusterTopic::fetch_sockets);
  network.settle();
  const auto asked = b.fixture.sink.all<AskedByServer>();
  b.cluster->handle(ClusterCommand(AnswerServer{asked.at(0).number, {R"([[{"id":"x"}]])", {}}}));
  network.settle();
  network.advance(Milliseconds{900});
  EXPECT_TRUE(answered().empty());
  network.advance(Milliseconds{200});
  ASSERT_EQ(answered().size(), 1U);
  EXPECT_EQ(answered()[0].args.payload, R"([{"id":"x"}])");
  EXPECT_EQ(answered()[0].servers, 2U);
  EXPECT_EQ(answered()[0].silent_servers, 1U);
}

TEST_P(ClusterTest, nobody_waits_while_the_bus_is_away) {
  a.bus.is_cut = true;
  ask(ClusterTopic::server_side_emit, R"(["e"])");
  ASSERT_EQ(answered().size(), 1U);
  EXPECT_EQ(answered()[0].silent_servers, 1U);
}

TEST_P(ClusterTest, a_request_of_an_outage_is_not_sent_late) {
  const auto client = b.connect();
  a.bus.is_cut = a.bus.queues = true;
  ask(ClusterTopic::broadcast, R"(["q"])");
  ask(ClusterTopic::fetch_sockets);
  ask(ClusterTopic::server_side_emit, R"(["e"])");
  ask(ClusterTopic::counters);
  EXPECT_EQ(answered().size(), 4U) << "at once";
  emit(R"(["news"])");
  a.cluster->handle(ClusterCommand(
      AskServers{0, ClusterTopic::server_side_emit, "/", {}, {}, {R"(["told"])", {}}}));
  a.bus.reconnect();
  network.settle();
  EXPECT_EQ(client.peer->take(), Texts{R"(42["news"])"});
  const auto asked = b.fixture.sink.all<AskedByServer>();
  ASSERT_EQ(asked.size(), 1U) << "what wants no answer is sent late";
  EXPECT_EQ(asked[0].args.payload, R"(["told"])");
  EXPECT_EQ(answered().size(), 4U);
}

TEST_P(ClusterTest, a_server_side_event_is_answered_once_by_each_server) {
  network.add(GetParam());
  ask(ClusterTopic::server_side_emit, R"(["e",1])");
  network.settle();
  for (std::size_t index = 1; index < network.members.size(); ++index) {
    Member& member = *network.members[index];
    const auto asked = member.fixture.sink.all<AskedByServer>();
    ASSERT_EQ(asked.size(), 1U);
    EXPECT_EQ(asked[0].args.payload, R"(["e",1])");
    member.cluster->handle(
        ClusterCommand(AnswerServer{asked[0].number, {"[" + std::to_string(index) + "]", {}}}));
  }
  network.settle();
  ASSERT_EQ(answered().size(), 1U);
  EXPECT_EQ(answered()[0].args.payload, "[1,2]");
}

TEST_P(ClusterTest, a_server_side_event_without_an_answer_has_no_number) {
  a.cluster->handle(
      ClusterCommand(AskServers{0, ClusterTopic::server_side_emit, "/", {}, {}, {R"(["e"])", {}}}));
  network.settle();
  EXPECT_EQ(b.fixture.sink.all<AskedByServer>().at(0).number, 0U);
  network.advance(Milliseconds{10'000});
  EXPECT_TRUE(answered().empty());
}

TEST_P(ClusterTest, clients_of_other_servers_acknowledge_a_broadcast) {
  const auto one = b.connect();
  const auto two = b.connect();
  ask(ClusterTopic::broadcast, R"(["q",5])");
  network.settle();
  EXPECT_EQ(one.peer->take(), Texts{R"(420["q",5])"});
  EXPECT_EQ(two.peer->take(), Texts{R"(420["q",5])"});
  one.peer->receive(R"(30["first","lost"])");
  network.settle();
  EXPECT_TRUE(answered().empty());
  two.peer->receive(R"(30[])");
  network.settle();
  ASSERT_EQ(answered().size(), 1U);
  EXPECT_EQ(answered()[0].args.payload, R"(["first",null])");
  EXPECT_EQ(answered()[0].silent_clients, 0U);
  EXPECT_TRUE(b.fixture.sink.all<SocketAcknowledged>().empty()) << "its application did not ask";
}

TEST_P(ClusterTest, clients_that_do_not_acknowledge_are_counted) {
  b.connect();
  ask(ClusterTopic::broadcast, R"(["q"])");
  network.settle();
  network.advance(Milliseconds{999});
  EXPECT_TRUE(answered().empty());
  network.advance(Milliseconds{1});
  ASSERT_EQ(answered().size(), 1U);
  EXPECT_EQ(answered()[0].silent_clients, 1U);
  EXPECT_EQ(answered()[0].silent_servers, 0U);
}

TEST_P(ClusterTest, acknowledgements_count_until_the_timeout_and_no_server_is_waited_for_longer) {
  Member& stopped = network.add(GetParam());
  const auto client = b.connect();
  ask(ClusterTopic::broadcast, R"(["q"])");
  network.answer_counts(a);
  FakeNetwork::lose_arriving(stopped);
  network.settle();
  network.advance(Milliseconds{999});
  client.peer->receive(R"(30["in time"])");
  network.settle();
  EXPECT_TRUE(answered().empty());
  network.advance(Milliseconds{1});
  ASSERT_EQ(answered().size(), 1U);
  EXPECT_EQ(answered()[0].args.payload, R"(["in time"])");
  EXPECT_EQ(answered()[0].servers, 2U);
  EXPECT_EQ(answered()[0].silent_servers, 1U);
  EXPECT_EQ(answered()[0].silent_clients, 0U);
}

TEST_P(ClusterTest, servers_are_counted) {
  ask(ClusterTopic::count);
  network.settle();
  ASSERT_EQ(answered().size(), 1U);
  EXPECT_EQ(answered()[0].servers, 1U);
  EXPECT_EQ(answered()[0].silent_servers, 0U);
}

TEST_P(ClusterTest, other_servers_tell_their_counters_without_python) {
  b.connect();
  b.connect();
  b.fixture.sink.is_full = true;
  ask(ClusterTopic::counters);
  network.settle();
  ASSERT_EQ(answered().size(), 1U);
  EXPECT_EQ(answered()[0].silent_servers, 0U);
  const Json counters = Json::parse(answered()[0].args.payload);
  ASSERT_EQ(counters.size(), 1U);
  EXPECT_EQ(counters[0]["sockets"], 2);
}

TEST_P(ClusterTest, a_namespace_that_does_not_exist_here_gets_no_answers_and_says_so) {
  ask(ClusterTopic::fetch_sockets, "[]", {}, "/none");
  ASSERT_EQ(answered().size(), 1U);
  EXPECT_EQ(answered()[0].silent_servers, 1U);
}

TEST_P(ClusterTest, malformed_messages_are_counted_and_ignored) {
  b.connect();
  b.cluster->message_received("socket.io#/#", "\x80\x04\x95");
  b.cluster->message_received("socket.io#/#", "");
  b.cluster->message_received("socket.io-sioserve#", R"({"uid":"x","counters":{}})");
  EXPECT_EQ(b.fixture.counters.get(Counter::cluster_messages_ignored), 3U);
}

TEST_P(ClusterTest, messages_in_namespaces_that_are_not_here_are_counted_and_ignored) {
  const auto client = b.connect();
  RedisConfig config;
  config.sharded = GetParam() == Member::Wire::sharded;
  const auto format = make_format(config);
  Broadcast broadcast{{}, {R"(["e"])", {}}};
  for (const std::optional<RequestName>& request : {std::optional<RequestName>(), {"q"}}) {
    broadcast.request = request;
    const std::string channel = format->channel_for("/", broadcast, "");
    const auto receive = [&](const std::string& name_space) {
      const Origin origin{format->make_uid()};
      b.cluster->message_received(channel, format->encode(origin, name_space, broadcast));
    };
    receive("/none");
    EXPECT_EQ(b.fixture.counters.get(Counter::cluster_messages_ignored), request ? 2U : 1U);
    EXPECT_EQ(b.bus.published, Texts{}) << "no answer";
    EXPECT_EQ(client.peer->take(), Texts{});
    receive("/");
    EXPECT_EQ(client.peer->take().size(), 1U);
  }
  EXPECT_EQ(b.fixture.counters.get(Counter::cluster_messages_ignored), 2U);
}

TEST_P(ClusterTest, lost_messages_are_counted_and_logged) {
  b.connect();
  emit(R"(["e",1])");
  network.settle();
  for (int lost = 0; lost < 3; ++lost) emit(R"(["e",2])");
  b.bus.arriving.clear();
  emit(R"(["e",3])");
  network.settle();
  EXPECT_EQ(b.fixture.counters.get(Counter::cluster_gaps), 1U);
  EXPECT_EQ(b.fixture.counters.get(Counter::cluster_messages_missed), 3U);
  EXPECT_EQ(a.fixture.counters.get(Counter::cluster_gaps), 0U);
}

TEST_P(ClusterTest, a_room_that_is_joined_again_has_missed_nothing) {
  const auto client = b.connect();
  b.join(client, "r");
  emit(R"(["e",1])", {"r"});
  network.settle();
  b.fixture.server->handle(SocketLeave{client.socket, "r"});
  network.advance(Milliseconds{20'000});
  emit(R"(["e",2])", {"r"});
  network.settle();
  b.join(client, "r");
  emit(R"(["e",3])", {"r"});
  network.settle();
  EXPECT_EQ(b.fixture.counters.get(Counter::cluster_gaps), 0U);
}

TEST_P(ClusterTest, an_overloaded_application_is_not_asked) {
  b.fixture.sink.is_full = true;
  ask(ClusterTopic::fetch_sockets);
  network.settle();
  EXPECT_TRUE(b.fixture.sink.all<AskedByServer>().empty());
  EXPECT_EQ(b.fixture.counters.get(Counter::cluster_messages_ignored), 1U);
}

INSTANTIATE_TEST_SUITE_P(Wires, ClusterTest,
                         testing::Values(Member::Wire::plain, Member::Wire::sharded),
                         [](const auto& wire) {
                           return wire.param == Member::Wire::plain ? "plain" : "sharded";
                         });

// All namespaces share a channel.
TEST(Cluster, messages_of_python_socketio_in_other_namespaces_are_not_counted) {
  FakeNetwork network;
  Member& member = network.add(Member::Wire::python);
  const auto client = member.connect();
  const auto receive = [&](const std::string& name_space) {
    member.cluster->message_received(
        "socketio", R"({"method":"emit","event":"e","data":[1],"namespace":")" + name_space +
                        R"(","host_id":"x"})");
  };
  receive("/none");
  EXPECT_EQ(client.peer->take(), Texts{});
  receive("/");
  EXPECT_EQ(client.peer->take(), Texts{R"(42["e",1])"});
  EXPECT_EQ(member.fixture.counters.get(Counter::cluster_messages_ignored), 0U);
  member.cluster->message_received("socketio", "{}");
  EXPECT_EQ(member.fixture.counters.get(Counter::cluster_messages_ignored), 1U);
}

TEST(Cluster, lists_its_rooms_for_other_servers) {
  FakeNetwork network;
  Member& member = network.add();
  const auto client = member.connect();
  member.join(client, "r");
  member.cluster->message_received("socket.io-request#/#",
                                   R"({"uid":"other1","requestId":"q","type":1})");
  ASSERT_EQ(member.bus.published.back(), "socket.io-response#/#");
  EXPECT_NE(member.bus.arriving["socket.io-response#/#"].back().find(client.id), std::string::npos);
}

}  // namespace
}  // namespace sioserve::socketio::cluster
