#include "server/net/socket_stream.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <array>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/net/listener.h"

namespace sioserve::net {
namespace {

class Recorder final : public StreamListener {
 public:
  void on_read(std::string_view bytes) override { read += bytes; }
  void on_end() override { ended = true; }
  void on_drain() override { ++drains; }
  void on_file_failed(const OpenFile& file, std::string_view reason) override {
    failure = file.path + ": " + std::string(reason);
  }
  void on_broken() override { broken = true; }

  std::string read;
  bool ended = false;
  bool broken = false;
  std::string failure;  // of a file that was sent
  int drains = 0;
};

class Acceptor final : public AcceptHandler {
 public:
  explicit Acceptor(Loop& loop) : loop_(loop) {}
  void on_accept(FileDescriptor socket, Endpoints endpoints) override {
    auto adopted = SocketStream::adopt(loop_, std::move(socket));
    ASSERT_TRUE(adopted);
    stream = std::move(*adopted);
    client_address = std::move(endpoints.client);
  }
  void on_accept_paused(const std::string& reason) override { FAIL() << reason; }

  std::unique_ptr<SocketStream> stream;
  Address client_address;

 private:
  Loop& loop_;
};

FileDescriptor connect_to(int port) {
  FileDescriptor fd(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  return fd;
}

bool memory_left = true;

// The allocator of libuv, for the whole program.
[[maybe_unused]] const int allocator =
    uv_replace_allocator([](std::size_t size) { return memory_left ? std::malloc(size) : nullptr; },
                         std::realloc, std::calloc, std::free);

// A file without a name.
FilePart make_file(std::string_view content) {
  FileDescriptor fd(::memfd_create("test", MFD_CLOEXEC));
  EXPECT_EQ(::write(fd.get(), content.data(), content.size()),
            static_cast<ssize_t>(content.size()));
  return {std::make_shared<const OpenFile>(std::move(fd), "made for the test"), 0, content.size()};
}

// A client's blocking socket and the server's stream, connected through a real listener.
class SocketStreamTest : public testing::Test {
 protected:
  SocketStreamTest() {
    auto sockets = listen_tcp("127.0.0.1", 0, 10);
    EXPECT_TRUE(sockets);
    port_ = (*sockets)[0].address.port;
    AcceptHandler& handler = acceptor_;
    listener_.emplace(loop_, std::move((*sockets)[0]), handler);
    client_ = connect_to(port_);
    tick_.start_repeating(Milliseconds(1));
    run_until([this] { return acceptor_.stream != nullptr; });
    acceptor_.stream->start(events_);
  }

  void run_until(const std::function<bool()>& done) {
    while (!done()) loop_.run_once();
  }

  void client_sends(std::string_view bytes) {
    ASSERT_EQ(::send(client_.get(), bytes.data(), bytes.size(), 0),
              static_cast<ssize_t>(bytes.size()));
  }

  // The bytes that have arrived, without waiting.
  std::string client_reads() {
    std::array<char, 65'536> buffer;
    const ssize_t size = ::recv(client_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    return size > 0 ? std::string(buffer.data(), static_cast<std::size_t>(size)) : "";
  }

  SocketStream& stream() { return *acceptor_.stream; }

  Loop loop_;
  Timer tick_{loop_, [] {}};  // wakes the loop, so that run_until() checks its condition
  Acceptor acceptor_{loop_};
  Recorder events_;
  std::optional<Listener> listener_;
  FileDescriptor client_;
  int port_ = 0;
};

TEST_F(SocketStreamTest, HasTheClientsAddress) {
  EXPECT_EQ(acceptor_.client_address.host, "127.0.0.1");
}

TEST_F(SocketStreamTest, PassesReadBytesToItsListener) {
  client_sends("hello");
  run_until([this] { return events_.read == "hello"; });
}

TEST_F(SocketStreamTest, WritesAtTheEndOfTheLoopIteration) {
  stream().write("a");
  stream().write_owned("b");
  stream().write_shared(share("c"));
  EXPECT_EQ(stream().buffered(), 3U);
  EXPECT_EQ(client_reads(), "");
  loop_.deferred_queue().run();
  EXPECT_EQ(stream().buffered(), 0U);
  EXPECT_EQ(client_reads(), "abc");
  EXPECT_EQ(events_.drains, 1);
}

TEST_F(SocketStreamTest, WritesALargeBodyToASlowReader) {
  const std::string head = "head";
  std::string body;
  while (body.size() < 20'000'000) body += std::to_string(body.size());
  stream().write(head);
  stream().write_owned(body);
  stream().write_shared(share(body));
  loop_.deferred_queue().run();
  EXPECT_GT(stream().buffered(), 0U);
  stream().write("tail");
  const std::string expected = head + body + body + "tail";
  std::string received;
  run_until([&] {
    for (std::string piece = client_reads(); !piece.empty(); piece = client_reads()) {
      received += piece;
    }
    return stream().buffered() == 0;
  });
  while (received.size() < expected.size()) received += client_reads();
  EXPECT_TRUE(received == expected);
  EXPECT_GT(events_.drains, 2);
}

TEST_F(SocketStreamTest, WritesFilesInOrderWithOtherBytes) {
  const FilePart file = make_file("0123456789");
  stream().write("<");
  stream().write_file({file.file, 2, 3});
  stream().write("|");
  stream().write_file({file.file, 8, 2});
  stream().write_file({file.file, 5, 0});
  stream().write(">");
  stream().finish();
  EXPECT_EQ(stream().buffered(), 8U);
  run_until([this] { return stream().buffered() == 0; });
  EXPECT_EQ(client_reads(), "<234|89>");
}

TEST_F(SocketStreamTest, WritesALargeFileToASlowReader) {
  std::string content;
  while (content.size() < 20'000'000) content += std::to_string(content.size());
  const FilePart file = make_file(content);
  stream().write_file(file);
  stream().write("tail");
  std::string received;
  run_until([&] {
    received += client_reads();
    return received.size() == content.size() + 4;
  });
  EXPECT_TRUE(received == content + "tail");
  EXPECT_EQ(stream().buffered(), 0U);
}

TEST_F(SocketStreamTest, BreaksWhenAFileIsShorterThanItsPart) {
  FilePart file = make_file("short");
  file.size = 6;
  stream().write_file(file);
  stream().write("never sent");
  run_until([this] { return events_.broken; });
  EXPECT_EQ(events_.failure, "made for the test: it has become shorter while it was sent");
  EXPECT_EQ(client_reads(), "short");
}

TEST_F(SocketStreamTest, MayBeDestroyedWhileAFileIsSent) {
  const FilePart file = make_file(std::string(5'000'000, 'x'));
  for (int turns = 0; turns < 20; ++turns) {
    client_ = connect_to(port_);
    acceptor_.stream.reset();
    run_until([this] { return acceptor_.stream != nullptr; });
    acceptor_.stream->start(events_);
    stream().write_file(file);
    for (int turn = 0; turn < turns; ++turn) loop_.run_once();
  }
  acceptor_.stream.reset();
  EXPECT_FALSE(events_.broken);
}

TEST_F(SocketStreamTest, StillWritesAfterThePeerHasShutDownItsSendingSide) {
  ::shutdown(client_.get(), SHUT_WR);
  run_until([this] { return events_.ended; });
  stream().write("bye");
  loop_.deferred_queue().run();
  EXPECT_EQ(client_reads(), "bye");
  EXPECT_FALSE(events_.broken);
}

TEST_F(SocketStreamTest, ShutsDownAfterQueuedOutput) {
  stream().write("last");
  stream().finish();
  stream().write("ignored");
  loop_.deferred_queue().run();
  std::array<char, 16> buffer;
  EXPECT_EQ(::recv(client_.get(), buffer.data(), buffer.size(), MSG_WAITALL), 4);
  client_sends("still read");
  run_until([this] { return events_.read == "still read"; });
}

TEST_F(SocketStreamTest, ReportsABrokenConnection) {
  const linger reset_at_close{1, 0};
  ::setsockopt(client_.get(), SOL_SOCKET, SO_LINGER, &reset_at_close, sizeof(reset_at_close));
  client_ = FileDescriptor();
  run_until([this] { return events_.broken; });
}

TEST_F(SocketStreamTest, IsBrokenWhenLibuvCannotTakeTheRest) {
  for (int i = 0; i < 1'000; ++i) stream().write_owned(std::string(20'000, 'x'));
  const auto run_out_of_memory = [this] {
    // For more than four parts, libuv allocates a list.
    memory_left = false;
    loop_.deferred_queue().run();
    memory_left = true;
    std::_Exit(events_.broken && stream().buffered() > 0 ? 0 : 1);
  };
  // In a separate process: libuv counts the write that failed to start, so the loop does not end.
  EXPECT_EXIT(run_out_of_memory(), testing::ExitedWithCode(0), "");
}

TEST_F(SocketStreamTest, ReadsNothingWhilePaused) {
  stream().pause_reading();
  client_sends("waits");
  Recorder other_events;
  auto other_client = connect_to(port_);
  auto first = std::move(acceptor_.stream);
  run_until([this] { return acceptor_.stream != nullptr; });
  EXPECT_EQ(events_.read, "");
  first->resume_reading();
  run_until([this] { return events_.read == "waits"; });
}

TEST_F(SocketStreamTest, MayBeDestroyedWithOutputLeft) {
  stream().write_owned(std::string(20'000'000, 'x'));
  loop_.deferred_queue().run();
  ASSERT_GT(stream().buffered(), 0U);
  acceptor_.stream.reset();
}

}  // namespace
}  // namespace sioserve::net
