// Clients that send random requests in random order, also invalid ones. No object may be used after
// its end, and the application must get consistent events.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "tests/unit/transport/fixture.h"

namespace sioserve::transport {
namespace {

struct RandomClientsTest : testing::Test, EngineIoFixture {
  std::mt19937 random;
  std::vector<std::string> sids;
  std::vector<Request> requests;
  std::vector<WebSocket> websockets;

  std::size_t below(std::size_t limit) { return random() % limit; }

  template <typename T>
  T& any(std::vector<T>& values) {
    return values[below(values.size())];
  }

  std::string any_packet() {
    static const std::vector<std::string> packets = {"40",
                                                     "40/chat,",
                                                     "40/nowhere,",
                                                     R"(42["x"])",
                                                     R"(42/chat,3["x",{"a":[]}])",
                                                     "41",
                                                     "41/chat,",
                                                     "3",
                                                     R"(430["y"])",
                                                     R"(42["x"])",
                                                     "2probe",
                                                     "5",
                                                     "5",
                                                     "6",
                                                     "1",
                                                     "2",
                                                     R"(42["x")",
                                                     "44{}",
                                                     "40?x=1,",
                                                     "rubbish",
                                                     "",
                                                     "4",
                                                     "bAQID",
                                                     "b!",
                                                     "40",
                                                     "2probe",
                                                     R"(451-["f",{"_placeholder":true,"num":0}])"};
    return packets[below(packets.size())];
  }

  SocketId any_socket() { return SocketId{below(300)}; }

  void close(Request& request) {
    std::swap(request, requests.back());
    requests.back().close();
    requests.pop_back();
  }
  void close(WebSocket& socket) {
    std::swap(socket, websockets.back());
    websockets.back().close();
    websockets.pop_back();
  }

  void act_as_client() {
    const std::string sid =
        sids.empty() ? "none"
                     : sids[sids.size() - 1 - below(std::min<std::size_t>(sids.size(), 5))];
    switch (below(9)) {
      case 0:
        sids.push_back(open_polling());
        break;
      case 1:
        requests.push_back(poll(sid));
        break;
      case 2:
      case 3: {
        std::string body = any_packet();
        for (std::size_t i = below(4); i > 0; --i) body += '\x1e' + any_packet();
        requests.push_back(post(sid, body));
        break;
      }
      case 4:
        websockets.push_back(websocket("EIO=4&transport=websocket&sid=" + sid));
        break;
      case 5:
        websockets.push_back(websocket("EIO=4&transport=websocket"));
        break;
      case 6:
      case 7:
        if (websockets.empty()) break;
        if (below(10) == 0) {
          any(websockets).handler->on_message(MessageKind::binary, "bytes");
        } else {
          any(websockets).receive(any_packet());
        }
        break;
      case 8:
        if (!requests.empty() && below(2) == 0) close(any(requests));
        if (!websockets.empty() && below(8) == 0) close(any(websockets));
        break;
    }
  }

  void act_as_application(std::set<SocketId>& undecided) {
    const SocketId socket = any_socket();
    switch (below(8)) {
      case 0:
      case 1:
      case 2:
        if (undecided.empty()) break;
        if (below(4) == 0) {
          server->handle(SocketRefuse{*undecided.begin(), "{}"});
        } else {
          server->handle(SocketAccept{*undecided.begin()});
        }
        undecided.erase(undecided.begin());
        break;
      case 3:
        server->handle(
            SocketEmit{socket, {R"(["e"])", {}}, below(2) ? std::optional(5u) : std::nullopt});
        break;
      case 4:
        server->handle(SocketJoin{socket, "r"});
        break;
      case 5:
        server->handle(SocketBroadcast{"/", {}, {}, {R"(["b"])", {}}});
        server->handle(SocketBroadcast{"/chat", {"r"}, {}, {R"(["b"])", {}}});
        break;
      case 6:
        if (below(5) == 0) server->handle(SocketClose{socket, below(2) == 0});
        break;
      case 7:
        server->handle(SocketEventsDone{socket, 2});
        break;
    }
  }
};

TEST_F(RandomClientsTest, SeeConsistentStatesAndNoCrash) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  random.seed(seed);
  config.namespaces = {"/", "/chat"};
  config.socket_io.max_events_in_flight = 2;
  config.engine_io.ping_interval = std::chrono::seconds(2);
  for (int run = 0; run < 15; ++run) {
    restart();
    sink.events.clear();
    sids.clear();
    std::set<SocketId> undecided;
    std::size_t seen = 0;
    for (int step = 0; step < 1500; ++step) {
      act_as_client();
      for (; seen < sink.events.size(); ++seen) {
        if (const auto* connect = get_message<SocketConnect>(sink.events[seen])) {
          undecided.insert(connect->socket);
        }
      }
      act_as_application(undecided);
      if (below(10) == 0) advance(Milliseconds(20 * below(50)));
    }
    shut_down();
    EXPECT_EQ(engine->session_count(), 0u);
    while (!requests.empty()) close(requests.back());
    while (!websockets.empty()) close(websockets.back());

    std::set<SessionId> open_sessions;
    std::map<SocketId, SessionId> open_sockets;
    for (const Event& event : sink.events) {
      if (const auto* opened = get_message<SessionOpened>(event)) {
        ASSERT_TRUE(open_sessions.insert(opened->session).second);
      } else if (const auto* connect = get_message<SocketConnect>(event)) {
        ASSERT_TRUE(open_sessions.contains(connect->session));
        ASSERT_TRUE(open_sockets.emplace(connect->socket, connect->session).second);
      } else if (const auto* received = get_message<SocketEvent>(event)) {
        ASSERT_TRUE(open_sockets.contains(received->socket));
      } else if (const auto* left = get_message<SocketDisconnect>(event)) {
        ASSERT_EQ(open_sockets.erase(left->socket), 1u);
      } else if (const auto* closed = get_message<SessionClosed>(event)) {
        ASSERT_EQ(open_sessions.erase(closed->session), 1u);
      }
    }
    EXPECT_TRUE(open_sessions.empty());
  }
}

}  // namespace
}  // namespace sioserve::transport
