// ProcessPool with real sockets and a loop; the processes are in the test.
#include "server/processes/process_pool.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/base/file_part.h"
#include "server/base/local_socket.h"
#include "server/processes/allowance.h"

namespace sioserve::processes {
namespace {

class ServerEvents final : public EventSink {
 public:
  void push(Event event) override { events.push_back(std::move(event)); }
  bool full(StreamId) const override { return false; }
  bool log_lines_full() const override { return false; }
  std::vector<Event> events;
};

// A Python process, without Python.
class FakeProcess {
 public:
  explicit FakeProcess(FileDescriptor socket) : socket_(std::move(socket)) {}

  std::vector<Event> take_events() {
    std::vector<Event> taken;
    std::array<char, 65'536> buffer{};
    for (;;) {
      const LocalReceived received = receive_on(socket_.get(), buffer);
      if (received.outcome != LocalIo::done) return taken;
      reader_.feed({buffer.data(), received.bytes});
      for (auto message = reader_.next(); message && *message; message = reader_.next()) {
        if (auto* event = std::get_if<Event>(&**message)) taken.push_back(std::move(*event));
        if (auto* answered = std::get_if<port::QuestionAnswered>(&**message)) {
          answers.push_back(std::move(*answered));
        }
      }
    }
  }
  void post(Command command) {
    port::FrameWriter writer;
    writer.add(command);
    send_on(socket_.get(), writer.next().bytes, {});
  }
  void send_raw(std::string_view bytes, std::span<const int> descriptors = {}) {
    send_on(socket_.get(), bytes, descriptors);
  }
  void die() { socket_ = FileDescriptor(); }

  std::vector<port::QuestionAnswered> answers;

 private:
  FileDescriptor socket_;
  port::FrameReader<port::ToPython> reader_;
};

class ProcessPoolTest : public testing::Test, PoolOwner {
 protected:
  static constexpr std::size_t max_bytes = 1'000'000;

  FakeProcess add(std::uint64_t place = 0) {
    std::array<int, 2> pair{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) std::abort();
    pool_.add(ProcessId{++last_process_}, FileDescriptor(pair[0]), "a process", place);
    return FakeProcess(FileDescriptor(pair[1]));
  }

  StreamId request() {
    const StreamId stream = pool_.next_request();
    pool_.push(HttpRequest{stream, std::make_shared<const RequestHead>(),
                           std::make_shared<const Endpoints>(), "", false});
    return stream;
  }

  template <typename Condition>
  void run_until(Condition condition) {
    for (int turn = 0; turn < 1'000 && !condition(); ++turn) {
      loop_.run_once();
      flush();
    }
  }
  void flush() { loop_.deferred_queue().run(); }

  std::optional<std::string_view> fault_of(const Command& command) const override {
    return get_message<SocketBroadcast>(command) != nullptr ? fault : std::nullopt;
  }
  void carry_out_for_process(Command command) override {
    if (get_message<SocketLeaveAll>(command) != nullptr) throw std::length_error("too long");
    commands.push_back(std::move(command));
  }
  Answer answer_for_process(const Question&) override { return Membership::Answer{3, true}; }
  void process_lost(StreamId stream) override { lost.push_back(stream); }
  void no_process_for(StreamId stream) override { refused.push_back(stream); }
  void sessions_lost(const std::unordered_set<SessionId>& sessions) override {
    lost_sessions.insert(sessions.begin(), sessions.end());
    lost_at_once.push_back(sessions.size());
  }
  void process_reported(std::uint64_t place, const ProcessFigures& figures) override {
    reports.emplace_back(place, figures.resident_bytes);
  }
  void process_ended(ProcessId process) override { ended.push_back(process); }
  void process_has_space() override { ++rooms; }

  std::optional<std::string_view> fault;  // of broadcasts
  std::vector<Command> commands;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> reports;  // place and resident bytes
  std::vector<StreamId> lost, refused;
  std::unordered_set<SessionId> lost_sessions;
  std::vector<std::size_t> lost_at_once;  // sessions, by call
  std::vector<ProcessId> ended;
  int rooms = 0;
  std::uint32_t last_process_ = 0;
  net::Loop loop_;
  ServerEvents server_events_;
  std::vector<LogRecord> lines_;
  Logger logger_{[this](LogRecord record) { lines_.push_back(std::move(record)); }};
  ProcessPool pool_{loop_, server_events_, max_bytes, logger_, *this};
};

TEST_F(ProcessPoolTest, GivesRequestsToProcessesAndCarriesOutTheirCommands) {
  FakeProcess one = add();
  const StreamId stream = request();
  flush();
  const auto events = one.take_events();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(get_message<HttpRequest>(events[0])->stream, stream);
  one.post(HttpRespond{stream, ResponseHead{200, {}}, "hello", false});
  run_until([&] { return !commands.empty(); });
  EXPECT_EQ(get_message<HttpRespond>(commands[0])->body, "hello");
}

TEST_F(ProcessPoolTest, KeepsTheEventsOfTheServer) {
  FakeProcess one = add();
  pool_.push(RequestLimitReached{});
  flush();
  EXPECT_TRUE(one.take_events().empty());
  EXPECT_EQ(server_events_.events.size(), 1U);
}

TEST_F(ProcessPoolTest, AnswersTheProcessThatAsks) {
  FakeProcess one = add(), two = add();
  two.post(Ask{QuestionId{9}, Membership{SocketId{1}, "room"}});
  run_until([&] {
    two.take_events();
    return !two.answers.empty();
  });
  EXPECT_EQ(two.answers[0].question, QuestionId{9});
  one.take_events();
  EXPECT_TRUE(one.answers.empty());
}

TEST_F(ProcessPoolTest, CountsTheClientsOfAllProcesses) {
  FakeProcess one = add();
  pool_.push(SocketConnect{SocketId{1}, pool_.next_session(), "id", "/", {}});
  one.post(Ask{QuestionId{1}, ClientCount{}});
  run_until([&] {
    one.take_events();
    return !one.answers.empty();
  });
  EXPECT_EQ(std::get<Total>(one.answers[0].answer).number, 1U);
}

TEST_F(ProcessPoolTest, PassesTextsOnBetweenProcesses) {
  FakeProcess one = add(), two = add(), three = add();
  one.post(TellProcesses{0, "to all"});
  one.post(TellProcesses{3, "to the third"});
  std::vector<Event> of_three;
  run_until([&] {
    for (Event& event : three.take_events()) of_three.push_back(std::move(event));
    return of_three.size() == 2;
  });
  EXPECT_EQ(get_message<ToldByProcess>(of_three[0])->payload, "to all");
  EXPECT_EQ(get_message<ToldByProcess>(of_three[1])->payload, "to the third");
  EXPECT_EQ(get_message<ToldByProcess>(of_three[1])->from, 1U);
  EXPECT_EQ(two.take_events().size(), 1U);
  EXPECT_TRUE(one.take_events().empty());
}

TEST_F(ProcessPoolTest, TellsAProcessOfTheOthers) {
  FakeProcess one = add(), two = add();
  one.post(Ask{QuestionId{1}, OtherProcesses{}});
  run_until([&] {
    one.take_events();
    return !one.answers.empty();
  });
  EXPECT_EQ(std::get<ProcessNumbers>(one.answers[0].answer).numbers, std::vector<std::uint64_t>{2});
  two.die();
  std::vector<Event> told;
  run_until([&] {
    told = one.take_events();
    return !told.empty();
  });
  EXPECT_EQ(get_message<ProcessLeft>(told[0])->process, 2U);
}

TEST_F(ProcessPoolTest, SpreadsTheEndOfTheSessionsOfAProcessThatHasDied) {
  FakeProcess one = add();
  std::unordered_set<SessionId> sessions;
  for (std::uint64_t i = 1; i <= 50; ++i) {
    const SessionId session = pool_.next_session();
    sessions.insert(session);
    pool_.push(SocketConnect{SocketId{i}, session, "id", "/", {}});
  }
  flush();
  one.die();
  const TimePoint begin = loop_.now();
  run_until([&] { return lost_sessions.size() == 50; });
  EXPECT_EQ(lost_sessions, sessions);
  EXPECT_EQ(lost_at_once, (std::vector<std::size_t>{20, 20, 10}));
  EXPECT_GE(loop_.now() - begin, Milliseconds(150));
}

TEST_F(ProcessPoolTest, GivesUpAProcessThatSendsFaultyValues) {
  FakeProcess one = add();
  const StreamId stream = request();
  flush();
  fault = "nonsense";
  one.post(SocketBroadcast{"/", {}, {}, {"", {}}});
  run_until([&] { return !lost.empty(); });
  EXPECT_EQ(lost, std::vector<StreamId>{stream});
  EXPECT_TRUE(commands.empty());
  EXPECT_TRUE(std::ranges::any_of(lines_, [](const LogRecord& line) {
    return line.message.find("it has sent nonsense") != std::string::npos;
  }));
}

TEST_F(ProcessPoolTest, GivesUpAProcessWhoseCommandThrows) {
  FakeProcess one = add();
  const StreamId stream = request();
  flush();
  one.post(SocketLeaveAll{SocketId{1}});
  run_until([&] { return !lost.empty(); });
  EXPECT_EQ(lost, std::vector<StreamId>{stream});
  EXPECT_TRUE(std::ranges::any_of(lines_, [](const LogRecord& line) {
    return line.message.find("can't be carried out: too long") != std::string::npos;
  }));
}

TEST_F(ProcessPoolTest, GivesUpAProcessThatLeavesTooMuch) {
  FakeProcess one = add();
  const StreamId stream = request();
  flush();
  constexpr std::size_t size = 60'000;  // of each, in bytes
  for (std::size_t posted = 1; posted <= Allowance::max_relay_bytes / size; ++posted) {
    one.post(DefineRelays{RelaysId{posted}, {{std::string(size - 1'000, 'e'), Relay{}}}});
    run_until([&] { return commands.size() == posted; });
    ASSERT_EQ(commands.size(), posted);
  }
  EXPECT_TRUE(lost.empty());
  while (lost.empty()) {
    one.post(DefineRelays{RelaysId{1}, {{std::string(size, 'e'), Relay{}}}});
    const std::size_t before = commands.size();
    run_until([&] { return commands.size() > before || !lost.empty(); });
    ASSERT_LT(commands.size(), 2 * Allowance::max_relay_bytes / size);
  }
  run_until([&] { return !lost.empty(); });
  EXPECT_EQ(lost, std::vector<StreamId>{stream});
  EXPECT_EQ(ended, std::vector<ProcessId>{ProcessId{1}});
  EXPECT_TRUE(std::ranges::any_of(lines_, [](const LogRecord& line) {
    return line.message.find("it has defined more than 64 MB of relays") != std::string::npos;
  }));
}

TEST_F(ProcessPoolTest, TellsWhatADeadProcessHasLeftBehind) {
  FakeProcess one = add(), two = add();
  const StreamId a = request(), b = request();
  flush();
  one.die();
  run_until([&] { return !lost.empty(); });
  EXPECT_EQ(lost.size(), 1U);
  const StreamId next = request();
  EXPECT_NE(process_of(next), process_of(lost[0]));
  EXPECT_TRUE(lost[0] == a || lost[0] == b);
}

TEST_F(ProcessPoolTest, CarriesOutTheLastCommandsOfAProcessThatHasEnded) {
  FakeProcess one = add();
  const StreamId stream = request();
  flush();
  one.post(HttpRespond{stream, ResponseHead{200, {}}, "last words", false});
  one.die();
  run_until([&] { return !server_events_.events.empty(); });
  ASSERT_FALSE(server_events_.events.empty()) << "its end is noticed";
  EXPECT_EQ(commands.size(), 1U);
  EXPECT_TRUE(lost.empty()) << "it was answered";
}

TEST_F(ProcessPoolTest, DisconnectsAProcessThatSendsNonsense) {
  FakeProcess one = add();
  const StreamId stream = request();
  flush();
  one.send_raw(std::string(100, '\xff'));
  run_until([&] { return !lost.empty(); });
  EXPECT_EQ(lost[0], stream);
  ASSERT_EQ(lines_.size(), 1U);
  EXPECT_EQ(lines_[0].level, LogLevel::error);
}

TEST_F(ProcessPoolTest, FailsOnlyTheResponseWhoseFileHasLostItsDescriptor) {
  FakeProcess one = add();
  const StreamId stream = request();
  flush();
  // UBSan needs descriptors to check the type of an object that it has not checked before.
  one.post(CommandsHeldUp{1});
  run_until([&] { return !commands.empty(); });
  commands.clear();
  auto file = std::make_shared<OpenFile>();
  file->descriptor = FileDescriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  port::FrameWriter writer;
  Command respond = HttpRespondFile{stream, {200, {}}, {file, 0, 10}, false};
  writer.add(respond);
  one.send_raw(writer.next().bytes, writer.next().descriptors);
  rlimit former{};
  ::getrlimit(RLIMIT_NOFILE, &former);
  const FileDescriptor next(::dup(file->descriptor.get()));
  const rlimit low{static_cast<rlim_t>(next.get()) + 1, former.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &low);
  run_until([&] { return !commands.empty() || !lost.empty(); });
  ::setrlimit(RLIMIT_NOFILE, &former);
  EXPECT_TRUE(lost.empty()) << "the process goes on";
  ASSERT_EQ(commands.size(), 1U);
  EXPECT_EQ(get_message<HttpFail>(commands[0])->stream, stream);
  EXPECT_EQ(lines_.size(), 1U);
}

TEST_F(ProcessPoolTest, HoldsBackOnlyTheClientsOfAProcessThatReadsNothing) {
  FakeProcess one = add(), two = add();
  const StreamId a = request(), b = request();
  flush();
  std::size_t pushed = 0;
  while (!pool_.full(a)) {
    pool_.push(HttpBody{a, std::string(100'000, 'x'), true});
    flush();
    ASSERT_LT(++pushed, 100U);
  }
  EXPECT_FALSE(pool_.full(b));
  EXPECT_EQ(rooms, 0);
  FakeProcess& stuck = process_of(a) == ProcessId{1} ? one : two;
  std::size_t taken = 0;
  run_until([&] {
    taken += stuck.take_events().size();
    return taken > pushed;
  });
  EXPECT_EQ(rooms, 1);
  EXPECT_FALSE(pool_.full(a));
}

TEST_F(ProcessPoolTest, GivesUpAProcessThatAsksAndReadsNothing) {
  FakeProcess one = add();
  std::size_t asked = 0;
  while (lines_.empty()) {
    ASSERT_LT(++asked, 1'000'000U);
    one.post(Ask{QuestionId{asked}, Membership{SocketId{1}, "room"}});
    if (asked % 100 == 0) {
      loop_.run_once();
      flush();
    }
  }
  EXPECT_NE(lines_[0].message.find("it reads nothing"), std::string::npos);
  bool told = false;
  for (const Event& event : server_events_.events) {
    told = told || get_message<ProcessLeft>(event) != nullptr;
  }
  EXPECT_TRUE(told) << "so that it can be ended";
}

TEST_F(ProcessPoolTest, EndsOnlyTheWebSocketWhoseMessageIsTooLarge) {
  FakeProcess one = add();
  const StreamId stream = pool_.next_websocket();
  pool_.push(WebSocketMessage{stream, MessageKind::binary, std::string(port::max_frame, 'x')});
  flush();
  EXPECT_EQ(lost, std::vector<StreamId>{stream});
  request();
  flush();
  EXPECT_EQ(one.take_events().size(), 1U);
}

TEST_F(ProcessPoolTest, RefusesWhatComesWhenNoProcessIsThere) {
  const StreamId stream = request();
  flush();
  EXPECT_EQ(refused, std::vector<StreamId>{stream});
}

TEST_F(ProcessPoolTest, EndsARetiredProcessWhenItHasNothingLeft) {
  FakeProcess one = add(), two = add();
  const StreamId a = request();
  ASSERT_EQ(process_of(a), ProcessId{1});
  pool_.handle(ProcessCommand(RetireProcesses{{1}, MoveReason::reload}));
  flush();
  EXPECT_TRUE(server_events_.events.empty());
  one.post(HttpRespond{a, ResponseHead{200, {}}, "", false});
  run_until([&] { return !server_events_.events.empty(); });
  ASSERT_EQ(server_events_.events.size(), 1U);
  EXPECT_EQ(get_message<ProcessLeft>(server_events_.events[0])->process, 1U);
  EXPECT_TRUE(lost.empty());
  EXPECT_TRUE(lines_.empty()) << "this is no error";
  EXPECT_EQ(pool_.status().size(), 1U);
}

TEST_F(ProcessPoolTest, EndsWhatIsLeftOfAProcess) {
  FakeProcess one = add();
  const StreamId a = request();
  pool_.handle(ProcessCommand(EndProcess{1}));
  flush();
  EXPECT_EQ(lost, std::vector<StreamId>{a});
}

TEST_F(ProcessPoolTest, PassesOnWhatAProcessReportsUntilItIsReplaced) {
  FakeProcess old = add(7);
  FakeProcess next = add(7);
  old.post(ProcessFigures{.resident_bytes = 1});
  run_until([&] { return !reports.empty(); });
  request();  // so that the old process is not done
  pool_.handle(ProcessCommand(RetireProcesses{{1}, MoveReason::reload}));
  old.post(ProcessFigures{.resident_bytes = 2});
  next.post(ProcessFigures{.resident_bytes = 3});
  run_until([&] { return reports.size() == 2; });
  const std::vector<std::pair<std::uint64_t, std::uint64_t>> expected = {{7, 1}, {7, 3}};
  EXPECT_EQ(reports, expected);
  EXPECT_EQ(pool_.status()[0].place, 7U);
}

TEST_F(ProcessPoolTest, MeasuresHowLongAProcessDoesNotAnswer) {
  FakeProcess one = add();
  std::optional<std::uint64_t> ping;
  run_until([&] {
    for (const Event& event : one.take_events()) {
      if (const auto* found = get_message<ProcessPing>(event)) ping = found->number;
    }
    return ping.has_value();
  });
  ASSERT_TRUE(ping);
  run_until([&] { return pool_.status()[0].silent > Milliseconds(0); });
  one.post(ProcessPong{*ping + 1});
  one.post(ProcessPong{*ping});
  run_until([&] { return pool_.status()[0].silent == Milliseconds(0); });
  EXPECT_EQ(pool_.status()[0].silent, Milliseconds(0));
  EXPECT_GT(pool_.status()[0].delay, Milliseconds(0));
}

}  // namespace
}  // namespace sioserve::processes
