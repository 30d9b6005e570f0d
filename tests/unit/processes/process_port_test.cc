#include "server/processes/process_port.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "server/base/local_socket.h"
#include "server/port/channel.h"

namespace sioserve::processes {
namespace {

constexpr int patience = 30'000;  // milliseconds
constexpr std::size_t channel_bytes = 1 << 20;

// The I/O process' end of the channel.
class IoProcess {
 public:
  explicit IoProcess(FileDescriptor socket) : socket_(std::move(socket)) {}

  void push(const Event& event) {
    end_.push(event);
    send();
  }
  void give(QuestionId question, const Answer& answer) {
    end_.give(question, answer);
    send();
  }

  // Nullopt: none has arrived.
  std::optional<Command> command_at_once() {
    for (;;) {
      auto command = end_.next_command();
      EXPECT_TRUE(command);
      if (*command) return std::move(*command);
      LocalReceived received = receive_on(socket_.get(), buffer_);
      if (received.outcome != LocalIo::done) return std::nullopt;
      end_.receive({buffer_.data(), received.bytes}, std::move(received.descriptors));
    }
  }

  // Waits for it; nullopt: too long.
  std::optional<Command> command() {
    for (;;) {
      if (auto command = command_at_once()) return command;
      pollfd watched{socket_.get(), POLLIN, 0};
      if (::poll(&watched, 1, patience) != 1) return std::nullopt;
    }
  }

  void close() { socket_ = FileDescriptor(); }

 private:
  void send() {
    while (!end_.output().empty()) {
      const auto part = end_.output().next();
      const LocalSent sent = send_on(socket_.get(), part.bytes, part.descriptors);
      if (sent.outcome == LocalIo::done) end_.output().sent(sent.bytes);
      if (sent.outcome == LocalIo::ended) return;
      std::this_thread::yield();
    }
  }

  FileDescriptor socket_;
  port::IoEnd end_{channel_bytes};
  std::array<char, 65'536> buffer_;
};

class ProcessPortTest : public testing::Test {
 protected:
  ProcessPortTest() : port_(Config(), [this] { ++wakes_; }), io_(start()) {}

  // Takes events, as the event loop does when it is woken, until there is one.
  std::vector<Event> events() {
    std::vector<Event> batch;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience);
    while (batch.empty() && std::chrono::steady_clock::now() < deadline) {
      port_.begin_turn();
      port_.take_events(batch);
      port_.end_turn();
    }
    return batch;
  }

  static Command leave(std::uint64_t number) { return SocketLeaveAll{SocketId{number}}; }
  static std::uint64_t number_of(const std::optional<Command>& command) {
    if (!command) return 0;
    const auto* const leave = get_message<SocketLeaveAll>(*command);
    return leave == nullptr ? 0 : static_cast<std::uint64_t>(leave->socket);
  }
  static Event disconnect(std::uint64_t number) { return HttpDisconnect{StreamId{number}}; }
  static std::uint64_t number_of(const Event& event) {
    const auto* const left = get_message<HttpDisconnect>(event);
    return left == nullptr ? 0 : static_cast<std::uint64_t>(left->stream);
  }

  std::atomic<int> wakes_ = 0;
  ProcessPort port_;
  IoProcess io_;

 private:
  FileDescriptor start() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    port_.start(FileDescriptor(ends[0]));
    return FileDescriptor(ends[1]);
  }
};

TEST_F(ProcessPortTest, SendsWhatATurnHasPostedAtItsEnd) {
  constexpr int attempts = 100;
  int at_once = 0;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    EXPECT_TRUE(port_.begin_turn());
    EXPECT_FALSE(port_.begin_turn()) << "begun already";
    port_.post(leave(1));
    port_.post(leave(2));
    port_.end_turn();
    auto first = io_.command_at_once();
    if (first) ++at_once;
    if (!first) first = io_.command();
    EXPECT_EQ(number_of(first), 1U);
    EXPECT_EQ(number_of(io_.command()), 2U);
  }
  EXPECT_GT(at_once, attempts * 9 / 10);  // on a busy machine, the thread may be at it
}

TEST_F(ProcessPortTest, SendsTheCommandsOfALongTurnBeforeItsEnd) {
  port_.begin_turn();
  for (std::uint64_t number = 1; number <= 3; ++number) {
    port_.post(leave(number));
    EXPECT_EQ(number_of(io_.command()), number);
  }
  port_.end_turn();
}

TEST_F(ProcessPortTest, SendsCommandsOfOtherThreadsAndBetweenTurns) {
  port_.post(leave(1));
  EXPECT_EQ(number_of(io_.command()), 1U);
  port_.begin_turn();
  std::thread([this] { port_.post(leave(2)); }).join();
  EXPECT_EQ(number_of(io_.command()), 2U);
  port_.post(leave(3));
  std::thread([this] { port_.post(leave(4)); }).join();
  EXPECT_EQ(number_of(io_.command()), 3U);
  EXPECT_EQ(number_of(io_.command()), 4U);
}

TEST_F(ProcessPortTest, SendsASingleCommandBetweenTurnsItself) {
  constexpr int attempts = 40;
  int at_once = 0;
  for (std::uint64_t number = 1; number <= attempts; ++number) {
    const auto begun = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - begun < 2 * ProcessPort::burst_gap) {
    }
    port_.post(leave(number));
    auto command = io_.command_at_once();
    if (command) ++at_once;
    if (!command) command = io_.command();
    EXPECT_EQ(number_of(command), number);
  }
  EXPECT_GT(at_once, attempts / 2);  // on a busy machine, the thread may be at it
}

TEST_F(ProcessPortTest, SendsABurstBetweenTurns) {
  constexpr std::uint64_t count = 10'000;
  std::thread other([this] {
    for (std::uint64_t number = 1; number <= count; ++number) port_.post(leave(number));
  });
  for (std::uint64_t number = 1; number <= count; ++number) {
    ASSERT_EQ(number_of(io_.command()), number);
  }
  other.join();
}

TEST(ProcessPortStart, SendsTheCommandsThatWerePostedBefore) {
  ProcessPort port(Config(), [] {});
  port.post(SocketLeaveAll{SocketId{1}});
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
  port.start(FileDescriptor(ends[0]));
  const auto command = IoProcess(FileDescriptor(ends[1])).command();
  ASSERT_TRUE(command);
  EXPECT_NE(get_message<SocketLeaveAll>(*command), nullptr);
}

TEST_F(ProcessPortTest, ReceivesInATurnWithoutWakingTheEventLoop) {
  io_.push(disconnect(1));
  io_.push(disconnect(2));
  std::vector<Event> batch;
  port_.take_events(batch);
  EXPECT_TRUE(batch.empty()) << "not in a turn";
  batch = events();
  ASSERT_EQ(batch.size(), 2U);
  EXPECT_EQ(number_of(batch[0]), 1U);
  EXPECT_EQ(number_of(batch[1]), 2U);
  EXPECT_EQ(wakes_, 0);
}

TEST_F(ProcessPortTest, GetsAnswersWhileTheEventLoopIsBusy) {
  port_.begin_turn();
  port_.post(leave(1));
  const QuestionId question = port_.ask(Membership{SocketId{1}, "room"});
  EXPECT_EQ(number_of(io_.command()), 1U);
  const auto asked = io_.command();
  ASSERT_TRUE(asked);
  ASSERT_NE(get_message<Ask>(*asked), nullptr);
  io_.push(disconnect(1));  // comes before the answer, and waits in the queue
  io_.give(get_message<Ask>(*asked)->id, Membership::Answer{5, true});
  EXPECT_EQ(std::get<RoomCount>(port_.answers().wait(question)).rooms, 5U);
  io_.push(disconnect(2));
  std::vector<Event> taken;
  while (taken.size() < 2) {
    const auto batch = events();
    ASSERT_FALSE(batch.empty());
    taken.insert(taken.end(), batch.begin(), batch.end());
  }
  EXPECT_EQ(number_of(taken[0]), 1U);
  EXPECT_EQ(number_of(taken[1]), 2U);
}

TEST_F(ProcessPortTest, SendsTheRestWhenTheSocketHasSpace) {
  constexpr std::uint64_t count = 200;
  port_.begin_turn();
  for (std::uint64_t number = 1; number <= count; ++number) {
    port_.post(SocketEmit{SocketId{number}, {std::string(100'000, 'x'), {}}, std::nullopt});
  }
  port_.end_turn();
  port_.post(leave(count + 1));
  for (std::uint64_t number = 1; number <= count; ++number) {
    const auto command = io_.command();
    ASSERT_TRUE(command);
    ASSERT_NE(get_message<SocketEmit>(*command), nullptr);
    ASSERT_EQ(get_message<SocketEmit>(*command)->socket, SocketId{number});
  }
  EXPECT_EQ(number_of(io_.command()), count + 1);
}

TEST_F(ProcessPortTest, SendsTheCommandsOfATurnBeforeAThreadWaitsForSpace) {
  constexpr std::uint64_t attempts = 5'000;
  constexpr std::uint64_t enough = 20;
  std::uint64_t overloaded = 0, waits = 0;
  for (std::uint64_t number = 1; number <= attempts && overloaded < enough; ++number) {
    port_.begin_turn();
    port_.post(leave(number));
    const auto posted = std::chrono::steady_clock::now();
    bool seen = false;
    while (!seen && std::chrono::steady_clock::now() - posted < ProcessPort::max_delay) {
      seen = port_.is_overloaded(port::CommandQueue::max_age);
    }
    // On a busy machine, the thread may be at it.
    if (seen) ++overloaded;
    if (seen && port_.notify_of_space()) ++waits;
    auto sent = io_.command();
    while (sent && get_message<CommandsHeldUp>(*sent) != nullptr) sent = io_.command();
    EXPECT_EQ(number_of(sent), number);
    port_.end_turn();
  }
  EXPECT_EQ(overloaded, enough);
  EXPECT_LE(waits, overloaded / 2);
}

TEST_F(ProcessPortTest, TellsOnceThatTheIoProcessHasGone) {
  io_.push(disconnect(1));
  io_.close();
  auto batch = events();
  ASSERT_EQ(batch.size(), 1U);
  EXPECT_EQ(number_of(batch[0]), 1U);
  batch = events();
  ASSERT_EQ(batch.size(), 1U);
  EXPECT_NE(get_message<ServerStopped>(batch[0]), nullptr);
  port_.begin_turn();
  port_.post(leave(1));
  port_.end_turn();
  port_.take_events(batch);
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(port_.ask(Membership{SocketId{1}, "room"}), QuestionId{});
}

TEST_F(ProcessPortTest, NoticesTheEndOfTheIoProcessWhileAnAnswerIsAwaited) {
  port_.begin_turn();
  const QuestionId question = port_.ask(Membership{SocketId{1}, "room"});
  EXPECT_TRUE(io_.command());
  io_.close();
  EXPECT_TRUE(std::holds_alternative<std::monostate>(port_.answers().wait(question)));
}

TEST_F(ProcessPortTest, SendsTheCommandsOfATurnWhenItStops) {
  port_.begin_turn();
  port_.post(leave(1));
  port_.stop_now();
  EXPECT_EQ(number_of(io_.command_at_once()), 1U);
}

TEST_F(ProcessPortTest, KeepsTheOrderWhoeverCarries) {
  constexpr std::uint64_t count = 5'000;
  std::thread other([this] {
    std::uint64_t next = 1;
    for (std::uint64_t number = 1; number <= count; ++number) io_.push(disconnect(number));
    while (next <= count) {
      const auto command = io_.command();
      ASSERT_TRUE(command);
      if (const auto* const asked = get_message<Ask>(*command)) {
        io_.give(asked->id, Membership::Answer{1, true});
      } else {
        ASSERT_EQ(number_of(command), next++);
      }
    }
  });
  std::uint64_t next = 1;
  std::vector<QuestionId> questions;
  while (next <= count) {
    port_.begin_turn();
    std::vector<Event> batch;
    port_.take_events(batch);
    for (const Event& event : batch) {
      ASSERT_EQ(number_of(event), next);
      if (next % 100 == 0) questions.push_back(port_.ask(Membership{SocketId{1}, "room"}));
      port_.post(leave(next++));
      if (next % 7 == 0) port_.end_turn();  // the rest is posted between turns
    }
    port_.end_turn();
  }
  other.join();
  for (const QuestionId question : questions) {
    EXPECT_EQ(std::get<RoomCount>(port_.answers().wait(question)).rooms, 1U);
  }
}

}  // namespace
}  // namespace sioserve::processes
