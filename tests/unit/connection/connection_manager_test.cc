#include "server/connection/connection_manager.h"

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <array>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/connection/fixture.h"

namespace sioserve::connection {
namespace {

class Client {
 public:
  explicit Client(int port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }

  void send(std::string_view bytes) {
    EXPECT_EQ(::send(fd_.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  }
  // Reads the available bytes; `ended`: the server has shut down its sending side.
  void poll() {
    std::array<char, 65'536> buffer;
    for (;;) {
      const ssize_t size = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (size == 0) ended = true;
      if (size <= 0) return;
      received.append(buffer.data(), static_cast<std::size_t>(size));
    }
  }
  void close() { fd_ = FileDescriptor(); }

  std::string received;
  bool ended = false;

 private:
  FileDescriptor fd_;
};

class ConnectionManagerTest : public testing::Test {
 protected:
  ConnectionManagerTest() {
    auto sockets = net::listen_tcp("127.0.0.1", 0, 100);
    EXPECT_TRUE(sockets);
    port_ = (*sockets)[0].address.port;
    manager_.listen(std::move((*sockets)[0]));
    tick_.start_repeating(Milliseconds(1));
  }

  void run_until(const std::function<bool()>& done) {
    while (!done()) loop_.run_once();
  }

  net::Loop loop_;
  net::Timer tick_{loop_, [] {}};  // wakes the loop, so that run_until() checks its condition
  RecordingRouter router_;
  Config config_;
  std::vector<LogRecord> log_;
  Logger logger_{[this](LogRecord record) { log_.push_back(std::move(record)); }};
  ConnectionManager manager_{loop_, router_, config_, logger_};
  int port_ = 0;
};

const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

TEST_F(ConnectionManagerTest, ServesAClient) {
  Client client(port_);
  client.send(get);
  run_until([&] { return router_.records.size() == 1; });
  Exchange& exchange = *router_.records[0]->exchange;
  EXPECT_EQ(exchange.endpoints()->client.host, "127.0.0.1");
  EXPECT_EQ(exchange.endpoints()->server.port, port_);
  exchange.respond({200, {}}, "hello", BodyPart::last);
  run_until([&] {
    client.poll();
    return client.received.ends_with("hello");
  });
}

TEST_F(ConnectionManagerTest, RemovesClosedConnections) {
  std::vector<Client> clients;
  for (int i = 0; i < 20; ++i) clients.emplace_back(port_);
  run_until([&] { return manager_.size() == 20; });
  while (!clients.empty()) {
    clients.erase(clients.begin() + static_cast<std::ptrdiff_t>(clients.size() / 2));
    run_until([&] { return manager_.size() == clients.size(); });
  }
}

TEST_F(ConnectionManagerTest, StopsGracefully) {
  Client idle(port_);
  Client busy(port_);
  busy.send(get);
  run_until([&] { return manager_.size() == 2 && router_.records.size() == 1; });
  bool empty = false;
  manager_.begin_graceful_stop([&] { empty = true; });
  run_until([&] {
    idle.poll();
    return idle.ended;
  });
  idle.close();
  run_until([&] { return manager_.size() == 1; });
  EXPECT_FALSE(empty);
  router_.records[0]->exchange->respond({200, {}}, "done", BodyPart::last);
  run_until([&] {
    busy.poll();
    return busy.ended;
  });
  EXPECT_NE(busy.received.find("connection: close"), std::string::npos);
  busy.close();
  run_until([&] { return empty; });
}

TEST_F(ConnectionManagerTest, ClosesTheLongestIdleConnectionForANewClient) {
  config_.load.max_connections = 2;
  const auto answer = [&](Client& client, std::size_t request) {
    client.send(get);
    run_until([&] { return router_.records.size() == request + 1; });
    router_.records[request]->exchange->respond({200, {}}, "hello", BodyPart::last);
    client.received.clear();
    run_until([&] {
      client.poll();
      return client.received.ends_with("hello");
    });
  };
  Client first(port_);
  answer(first, 0);
  Client second(port_);
  answer(second, 1);
  answer(first, 2);  // so that the second one is the longest idle
  Client third(port_);
  answer(third, 3);
  run_until([&] {
    second.poll();
    return second.ended;
  });
  answer(first, 4);
  EXPECT_EQ(manager_.size(), 2U);
  EXPECT_TRUE(log_.empty());
}

TEST_F(ConnectionManagerTest, AnswersAClientAboveTheLimit) {
  config_.load.max_connections = 1;
  Client busy(port_);
  busy.send(get);
  run_until([&] { return router_.records.size() == 1; });
  Client other(port_);
  other.send(get);
  run_until([&] {
    other.poll();
    return other.ended;
  });
  EXPECT_TRUE(other.received.starts_with("HTTP/1.1 503 "));
  EXPECT_NE(other.received.find("retry-after: 1\r\n"), std::string::npos);
  EXPECT_NE(other.received.find("connection: close\r\n"), std::string::npos);
  other.close();
  run_until([&] { return manager_.size() == 1; });
  EXPECT_EQ(router_.records.size(), 1U);
  EXPECT_EQ(log_.size(), 1U);
}

TEST_F(ConnectionManagerTest, ReportsImmediatelyThatNoConnectionIsOpen) {
  bool empty = false;
  manager_.begin_graceful_stop([&] { empty = true; });
  EXPECT_FALSE(empty);
  run_until([&] { return empty; });
}

TEST_F(ConnectionManagerTest, ClosesAllConnectionsImmediately) {
  Client client(port_);
  client.send(get);
  run_until([&] { return router_.records.size() == 1; });
  bool empty = false;
  manager_.begin_graceful_stop([&] { empty = true; });
  manager_.close_all();
  EXPECT_EQ(router_.records[0]->calls, (Calls{"request() last", "closed"}));
  run_until([&] { return empty; });
}

TEST_F(ConnectionManagerTest, HandlesALackOfFileDescriptors) {
  Client first(port_);
  run_until([&] { return manager_.size() == 1; });
  Client second(port_);  // stays in the backlog
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit none = before;
  none.rlim_cur = 0;
  setrlimit(RLIMIT_NOFILE, &none);
  run_until([&] { return !log_.empty(); });
  first.send(get);
  run_until([&] { return router_.records.size() == 1; });
  EXPECT_EQ(manager_.size(), 1U);
  setrlimit(RLIMIT_NOFILE, &before);
  run_until([&] { return manager_.size() == 2; });
}

}  // namespace
}  // namespace sioserve::connection
