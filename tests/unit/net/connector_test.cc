#include "server/net/connector.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/net/listen_unix.h"
#include "server/net/listener.h"
#include "server/net/socket_stream.h"

namespace sioserve::net {
namespace {

class Reader final : public StreamListener {
 public:
  void on_read(std::string_view bytes) override { read += bytes; }
  void on_end() override {}
  void on_drain() override {}
  void on_file_failed(const OpenFile&, std::string_view) override {}
  void on_broken() override {}

  std::string read;
};

class Acceptor final : public AcceptHandler {
 public:
  explicit Acceptor(Loop& loop) : loop_(loop) {}
  void on_accept(FileDescriptor socket, Endpoints) override {
    auto adopted = SocketStream::adopt(loop_, std::move(socket));
    ASSERT_TRUE(adopted);
    stream = std::move(*adopted);
    stream->start(reader);
  }
  void on_accept_paused(const std::string& reason) override { FAIL() << reason; }

  Reader reader;
  std::unique_ptr<SocketStream> stream;

 private:
  Loop& loop_;
};

class ConnectorTest : public testing::Test {
 protected:
  void listen(ListeningSocket socket) {
    AcceptHandler& handler = acceptor_;
    listener_.emplace(loop_, std::move(socket), handler);
  }

  std::uint16_t listen_on_loopback() {
    auto sockets = listen_tcp("127.0.0.1", 0, 10);
    EXPECT_TRUE(sockets);
    const auto port = static_cast<std::uint16_t>((*sockets)[0].address.port);
    listen(std::move((*sockets)[0]));
    return port;
  }

  Connector::Connected& connect(const ConnectTarget& target) {
    result_.reset();
    connector_.connect(target, Milliseconds(10'000));
    EXPECT_FALSE(result_) << "done() was called within connect()";
    while (!result_) loop_.run_once();
    return *result_;
  }

  void expect_to_carry(Stream& stream) {
    Reader reader;
    stream.start(reader);
    stream.write("hello");
    while (acceptor_.reader.read != "hello") loop_.run_once();
    acceptor_.stream->write("answer");
    while (reader.read != "answer") loop_.run_once();
    stream.close();
  }

  Loop loop_;
  Acceptor acceptor_{loop_};
  std::optional<Listener> listener_;
  std::optional<Connector::Connected> result_;
  Connector connector_{loop_,
                       [this](Connector::Connected result) { result_.emplace(std::move(result)); }};
};

TEST_F(ConnectorTest, ConnectsToAnAddress) {
  auto& result = connect(TcpTarget{"127.0.0.1", listen_on_loopback()});
  ASSERT_TRUE(result);
  expect_to_carry(**result);
}

TEST_F(ConnectorTest, ConnectsToAName) {
  // Where localhost is ::1 first, the second address is tried.
  auto& result = connect(TcpTarget{"localhost", listen_on_loopback()});
  ASSERT_TRUE(result) << result.error();
  expect_to_carry(**result);
}

TEST_F(ConnectorTest, ConnectsToAUnixSocket) {
  std::string folder = testing::TempDir() + "connector_XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/socket";
  auto socket = listen_unix(path, 0600, 10);
  ASSERT_TRUE(socket);
  listen(std::move(*socket));
  auto& result = connect(UnixTarget{path});
  ASSERT_TRUE(result) << result.error();
  expect_to_carry(**result);
  listener_.reset();
  std::filesystem::remove_all(folder);
}

TEST_F(ConnectorTest, ReportsARefusedConnection) {
  std::uint16_t port;
  {
    auto sockets = listen_tcp("127.0.0.1", 0, 10);
    ASSERT_TRUE(sockets);
    port = static_cast<std::uint16_t>((*sockets)[0].address.port);
  }
  auto& result = connect(TcpTarget{"127.0.0.1", port});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), "Connection refused");
}

TEST_F(ConnectorTest, ReportsANameThatDoesNotExist) {
  auto& result = connect(TcpTarget{"no host has this name", 1});
  ASSERT_FALSE(result);
  EXPECT_TRUE(result.error().starts_with("the name can't be resolved: ")) << result.error();
}

TEST_F(ConnectorTest, ReportsAMissingUnixSocket) {
  auto& result = connect(UnixTarget{"/does/not/exist"});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), "No such file or directory");
}

TEST_F(ConnectorTest, ReportsAPathThatIsTooLong) {
  auto& result = connect(UnixTarget{"/" + std::string(200, 'a')});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), "the path of the Unix socket is empty or too long");
}

TEST_F(ConnectorTest, ReportsATimeout) {
  // A socket whose backlog is full drops further attempts.
  auto sockets = listen_tcp("127.0.0.1", 0, 0);
  ASSERT_TRUE(sockets);
  const auto port = static_cast<std::uint16_t>((*sockets)[0].address.port);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  std::vector<FileDescriptor> others;
  for (int i = 0; i < 4; ++i) {
    others.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    ::connect(others.back().get(), reinterpret_cast<sockaddr*>(&address), sizeof(address));
  }
  result_.reset();
  connector_.connect(TcpTarget{"127.0.0.1", port}, Milliseconds(300));
  while (!result_) loop_.run_once();
  ASSERT_FALSE(*result_);
  EXPECT_EQ(result_->error(), "no connection within 300 ms");
}

TEST_F(ConnectorTest, CanBeDestroyedAtAnyTime) {
  const std::uint16_t port = listen_on_loopback();
  for (int turns = 0; turns < 4; ++turns) {
    Connector connector(loop_, [](Connector::Connected) {});
    connector.connect(TcpTarget{"127.0.0.1", port}, Milliseconds(1'000));
    for (int i = 0; i < turns; ++i) loop_.run_once();
  }
}

TEST_F(ConnectorTest, MayBeDestroyedByItsCallback) {
  std::unique_ptr<Connector> connector;
  bool called = false;
  connector = std::make_unique<Connector>(loop_, [&](Connector::Connected result) {
    EXPECT_FALSE(result);
    connector.reset();
    called = true;
  });
  connector->connect(UnixTarget{"/does/not/exist"}, Milliseconds(1'000));
  while (!called) loop_.run_once();
}

}  // namespace
}  // namespace sioserve::net
