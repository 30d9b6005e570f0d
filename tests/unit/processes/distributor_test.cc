#include "server/processes/distributor.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sioserve::processes {
namespace {

constexpr ProcessId first{1}, second{2}, third{3};

class DistributorTest : public testing::Test {
 protected:
  struct Sent {
    ProcessId process;
    Event event;
  };

  DistributorTest() {
    distributor_.add(first);
    distributor_.add(second);
  }

  void push(Event event) { distributor_.route(std::move(event)); }

  // The only event since the last call; where it was sent.
  template <typename T>
  T sent_to(ProcessId process) {
    EXPECT_EQ(sent_.size(), 1U);
    if (sent_.size() != 1) return T{};
    const Sent sent = std::move(sent_.front());
    sent_.clear();
    EXPECT_EQ(sent.process, process);
    const T* event = get_message<T>(sent.event);
    EXPECT_NE(event, nullptr);
    return event == nullptr ? T{} : *event;
  }

  bool admit(ProcessId from, Command command) {
    const bool admitted = distributor_.admit(from, command);
    command_ = std::move(command);
    return admitted;
  }

  StreamId request() {
    const StreamId stream = distributor_.next_request();
    push(HttpRequest{stream, std::make_shared<const RequestHead>(),
                     std::make_shared<const Endpoints>(), "", false});
    sent_.clear();
    return stream;
  }

  StreamId websocket() {
    const StreamId stream = distributor_.next_websocket();
    push(WebSocketConnect{
        stream, std::make_shared<const RequestHead>(), std::make_shared<const Endpoints>(), {}});
    sent_.clear();
    return stream;
  }

  // A session with a socket; its process.
  ProcessId connect(SessionId session, SocketId socket,
                    std::optional<SocketId> recovered = std::nullopt) {
    push(SocketConnect{socket, session, "id", "/", {}, recovered});
    EXPECT_FALSE(sent_.empty());
    if (sent_.empty()) return no_process;
    const ProcessId process = sent_.back().process;
    recovered_ = get_message<SocketConnect>(sent_.back().event)->recovered;
    sent_.clear();
    return process;
  }

  std::vector<Sent> sent_;
  Distributor distributor_{[this](ProcessId process, const Event& event) {
    sent_.push_back({process, event});
  }};
  Command command_;
  std::optional<SocketId> recovered_;
};

TEST_F(DistributorTest, GivesARequestToTheProcessWithTheFewest) {
  const StreamId a = request(), b = request();
  EXPECT_NE(process_of(a), process_of(b));
  EXPECT_TRUE(admit(process_of(a), HttpRespond{a, ResponseHead{200, {}}, "", false}));
  EXPECT_EQ(process_of(request()), process_of(a));
  push(HttpDisconnect{b});
  EXPECT_EQ(process_of(request()), process_of(b));
}

TEST_F(DistributorTest, CountsARequestUntilItsResponseIsComplete) {
  const StreamId a = request();
  const ProcessId process = process_of(a);
  EXPECT_TRUE(admit(process, HttpRespond{a, ResponseHead{200, {}}, "", true}));
  EXPECT_EQ(distributor_.status_of(process).requests, 1U);
  EXPECT_TRUE(admit(process, HttpBodyConsumed{a, 5}));
  EXPECT_EQ(distributor_.status_of(process).requests, 1U);
  EXPECT_TRUE(admit(process, HttpTrailers{a, {}}));
  EXPECT_EQ(distributor_.status_of(process).requests, 0U);
}

TEST_F(DistributorTest, LetsEqualsTakeTurns) {
  std::vector<ProcessId> chosen;
  for (int i = 0; i < 4; ++i) {
    const StreamId stream = request();
    chosen.push_back(process_of(stream));
    admit(chosen.back(), HttpFail{stream});
  }
  EXPECT_NE(chosen[0], chosen[1]);
  EXPECT_EQ(chosen[0], chosen[2]);
  EXPECT_EQ(chosen[1], chosen[3]);
}

TEST_F(DistributorTest, SpreadsWebSocketsAndSessionsByTheirNumber) {
  const ProcessId of_websocket = process_of(websocket());
  const ProcessId of_session = connect(distributor_.next_session(), SocketId{1});
  EXPECT_NE(of_websocket, of_session);
}

TEST_F(DistributorTest, RefusesWhatNoProcessCanServe) {
  distributor_.remove(first);
  distributor_.remove(second);
  distributor_.take_duties();
  const StreamId a = request(), b = websocket();
  EXPECT_TRUE(sent_.empty());
  EXPECT_EQ(distributor_.take_duties().refused_streams, (std::vector<StreamId>{a, b}));
}

TEST_F(DistributorTest, TellsWhichStreamsAProcessHasLeftBehind) {
  const StreamId a = request(), b = request(), c = websocket(), d = websocket();
  distributor_.remove(process_of(a));
  const auto lost = distributor_.take_duties().lost_streams;
  EXPECT_EQ(lost.size(), 2U);
  for (const StreamId stream : lost) EXPECT_EQ(process_of(stream), process_of(a));
  push(HttpDisconnect{a});
  EXPECT_TRUE(sent_.empty()) << "the dead are told nothing";
  EXPECT_TRUE(distributor_.has(process_of(b)));
  static_cast<void>(c);
  static_cast<void>(d);
}

TEST_F(DistributorTest, DropsCommandsForStreamsOfOthers) {
  const StreamId a = request();
  const ProcessId other = process_of(a) == first ? second : first;
  EXPECT_FALSE(admit(other, HttpRespond{a, ResponseHead{200, {}}, "", false}));
  EXPECT_FALSE(admit(other, HttpHandOver{a}));
  EXPECT_EQ(distributor_.status_of(process_of(a)).requests, 1U);
  EXPECT_FALSE(admit(first, StopServer{}));
  EXPECT_FALSE(admit(first, EventsTaken{}));
}

TEST_F(DistributorTest, GivesASessionWithAllItsNamespacesToOneProcess) {
  const SessionId session = distributor_.next_session();
  push(SessionOpened{session, std::make_shared<RequestHead>(), std::make_shared<Endpoints>()});
  EXPECT_TRUE(sent_.empty()) << "it waits for the first CONNECT";
  push(SocketConnect{SocketId{1}, session, "id", "/", {}});
  ASSERT_EQ(sent_.size(), 2U);
  const ProcessId process = sent_[0].process;
  EXPECT_NE(get_message<SessionOpened>(sent_[0].event), nullptr);
  EXPECT_EQ(sent_[1].process, process);
  sent_.clear();
  for (int i = 0; i < 3; ++i) request();
  EXPECT_EQ(connect(session, SocketId{2}), process);
  push(SocketEvent{SocketId{2}, {}, std::nullopt});
  sent_to<SocketEvent>(process);
  push(SessionSignalled{session, SessionSignal::drain});
  sent_to<SessionSignalled>(process);
  EXPECT_EQ(distributor_.owner_of(session), process);
  EXPECT_EQ(distributor_.status_of(process).sessions, 1U);
  push(SessionClosed{session, {}});
  EXPECT_EQ(distributor_.status_of(process).sessions, 0U);
}

TEST_F(DistributorTest, KeepsASessionThatWasHandedOverWithItsProcess) {
  const StreamId stream = request();
  const ProcessId process = process_of(stream);
  EXPECT_TRUE(admit(process, HttpHandOver{stream}));
  EXPECT_EQ(distributor_.status_of(process).requests, 0U);
  EXPECT_EQ(distributor_.status_of(process).sessions, 1U);
  EXPECT_EQ(connect(stream, SocketId{1}), process);
}

TEST_F(DistributorTest, LetsEveryProcessEmitToEverySocket) {
  const ProcessId owner = connect(distributor_.next_session(), SocketId{1});
  const ProcessId other = owner == first ? second : first;
  EXPECT_TRUE(admit(other, SocketEmit{SocketId{1}, {}, std::nullopt}));
  EXPECT_TRUE(admit(other, SocketJoin{SocketId{1}, "room"}));
  EXPECT_TRUE(admit(other, SocketClose{SocketId{1}, false}));
  EXPECT_TRUE(admit(other, SocketBroadcast{"/", {}, {}, {}}));
  EXPECT_FALSE(admit(other, SocketAccept{SocketId{1}})) << "the owner does";
  EXPECT_FALSE(admit(other, SocketAck{SocketId{1}, 1, {}}));
  EXPECT_FALSE(admit(other, SocketEventsDone{SocketId{1}, 1}));
  EXPECT_FALSE(admit(other, SocketReleased{SocketId{1}}));
}

TEST_F(DistributorTest, BringsAnAcknowledgementToTheProcessThatAsked) {
  const ProcessId owner = connect(distributor_.next_session(), SocketId{1});
  const ProcessId other = owner == first ? second : first;
  ASSERT_TRUE(admit(owner, SocketEmit{SocketId{1}, {}, 7}));
  const std::uint64_t of_owner = *get_message<SocketEmit>(command_)->callback_id;
  ASSERT_TRUE(admit(other, SocketEmit{SocketId{1}, {}, 7}));
  const std::uint64_t of_other = *get_message<SocketEmit>(command_)->callback_id;
  EXPECT_NE(of_owner, of_other);
  push(SocketAcknowledged{SocketId{1}, of_other, {}});
  EXPECT_EQ(sent_to<SocketAcknowledged>(other).callback_id, 7U);
  push(SocketAcksLost{SocketId{1}, {of_owner, of_other}, AckLoss::forgotten});
  ASSERT_EQ(sent_.size(), 2U);
  for (const Sent& sent : sent_) {
    EXPECT_EQ(get_message<SocketAcksLost>(sent.event)->callback_ids, std::vector<std::uint64_t>{7});
  }
  sent_.clear();
  push(SocketDisconnect{SocketId{1}, "a", "b"});
  EXPECT_EQ(sent_.size(), 2U) << "the process that waits for an acknowledgement is told too";
}

TEST_F(DistributorTest, KeepsTheRelaysOfProcessesApart) {
  ASSERT_TRUE(admit(first, DefineRelays{RelaysId{1}, {}}));
  const RelaysId of_first = get_message<DefineRelays>(command_)->id;
  ASSERT_TRUE(admit(second, DefineRelays{RelaysId{1}, {}}));
  EXPECT_NE(get_message<DefineRelays>(command_)->id, of_first);
  const ProcessId owner = connect(distributor_.next_session(), SocketId{1});
  ASSERT_TRUE(admit(owner, SocketAccept{SocketId{1}, RelaysId{1}}));
  const auto used = get_message<SocketAccept>(command_)->relays;
  ASSERT_TRUE(used);
  EXPECT_EQ(*used == of_first, owner == first);
}

TEST_F(DistributorTest, RefusesNumbersThatPretendToBeOfOthers) {
  EXPECT_FALSE(admit(first, DefineRelays{RelaysId{std::uint64_t{2} << 40U}, {}}));
  EXPECT_FALSE(admit(first, SocketEmit{SocketId{1}, {}, std::uint64_t{2} << 40U}));
}

TEST_F(DistributorTest, ClosesTheSessionsOfAProcessThatHasDiedAndReleasesThem) {
  const SessionId session = distributor_.next_session();
  const ProcessId owner = connect(session, SocketId{1});
  distributor_.remove(owner);
  EXPECT_TRUE(distributor_.take_duties().lost_sessions.contains(session));
  push(SocketDisconnect{SocketId{1}, "a", "b"});
  push(SessionClosed{session, {}});
  EXPECT_TRUE(sent_.empty());
  const auto duties = distributor_.take_duties();
  ASSERT_EQ(duties.commands.size(), 2U);
  EXPECT_NE(get_message<SocketReleased>(duties.commands[0]), nullptr);
  EXPECT_NE(get_message<SessionReleased>(duties.commands[1]), nullptr);
}

TEST_F(DistributorTest, ReleasesWhatADeadProcessHadNotReleasedYet) {
  const SessionId session = distributor_.next_session();
  const ProcessId owner = connect(session, SocketId{1});
  push(SocketDisconnect{SocketId{1}, "a", "b"});
  push(SessionClosed{session, {}});
  distributor_.remove(owner);
  const auto duties = distributor_.take_duties();
  EXPECT_TRUE(duties.lost_sessions.empty());
  EXPECT_EQ(duties.commands.size(), 2U);
}

TEST_F(DistributorTest, BringsARecoveredClientBackToItsProcess) {
  const SessionId session = distributor_.next_session();
  const ProcessId owner = connect(session, SocketId{1});
  push(SocketDisconnect{SocketId{1}, "a", "b", /*may_return=*/true});
  push(SessionClosed{session, {}});
  sent_.clear();
  for (int i = 0; i < 3; ++i) {  // so that the other process has less to do
    const StreamId opened = websocket();
    if (process_of(opened) != owner) push(WebSocketDisconnect{opened, 1000, ""});
  }
  sent_.clear();
  EXPECT_EQ(connect(distributor_.next_session(), SocketId{2}, SocketId{1}), owner);
  EXPECT_EQ(recovered_, SocketId{1});
}

TEST_F(DistributorTest, LetsARecoveredClientOfADeadProcessBeginAnewElsewhere) {
  const SessionId session = distributor_.next_session();
  const ProcessId owner = connect(session, SocketId{1});
  distributor_.remove(owner);
  push(SocketDisconnect{SocketId{1}, "a", "b", /*may_return=*/true});
  push(SessionClosed{session, {}});
  EXPECT_NE(connect(distributor_.next_session(), SocketId{2}, SocketId{1}), owner);
  EXPECT_EQ(recovered_, std::nullopt) << "the new process does not know it";
}

TEST_F(DistributorTest, CountsTheSessionsOfAllProcesses) {
  const SessionId session = distributor_.next_session();
  connect(session, SocketId{1});
  connect(distributor_.next_session(), SocketId{2});
  EXPECT_EQ(distributor_.client_count(), 2U);
  push(SocketDisconnect{SocketId{1}, "a", "b"});
  push(SessionClosed{session, {}});
  EXPECT_EQ(distributor_.client_count(), 1U);
}

TEST_F(DistributorTest, CountsWebSocketsAndNativeSessionsOfAProcess) {
  const ProcessId process = process_of(websocket());
  EXPECT_EQ(distributor_.status_of(process).connections_total, 1U);
  const ProcessId other = connect(distributor_.next_session(), SocketId{1});
  EXPECT_NE(other, process);
  EXPECT_EQ(distributor_.status_of(other).connections_total, 1U);
  // One that the application has handed over was counted as a request.
  const StreamId handshake = request();
  const ProcessId asked = process_of(handshake);
  const auto before = distributor_.status_of(asked).connections_total;
  EXPECT_TRUE(admit(asked, HttpHandOver{handshake}));
  connect(handshake, SocketId{2});
  EXPECT_EQ(distributor_.status_of(asked).connections_total, before);
}

TEST_F(DistributorTest, ForgetsASocketThatWasRefused) {
  const SessionId session = distributor_.next_session();
  const ProcessId owner = connect(session, SocketId{1});
  EXPECT_TRUE(admit(owner, SocketRefuse{SocketId{1}, "{}"}));
  EXPECT_FALSE(admit(owner, SocketAccept{SocketId{1}}));
  push(SocketForgotten{SocketId{1}});
  EXPECT_TRUE(sent_.empty());
  EXPECT_EQ(distributor_.take_duties().commands.size(), 1U) << "a parked one is released";
}

TEST_F(DistributorTest, WatchesTheRoomsOfANamespaceUntilNoProcessDoes) {
  EXPECT_TRUE(admit(first, WatchRooms{"/"}));
  EXPECT_TRUE(admit(second, WatchRooms{"/"}));
  EXPECT_FALSE(admit(first, UnwatchRooms{"/"}));
  distributor_.remove(second);
  const auto duties = distributor_.take_duties();
  ASSERT_EQ(duties.commands.size(), 1U);
  EXPECT_NE(get_message<UnwatchRooms>(duties.commands[0]), nullptr);
}

TEST_F(DistributorTest, AsksOneProcessAboutAHandshake) {
  push(HandshakeAsked{distributor_.next_session(), {}, {}});
  ASSERT_EQ(sent_.size(), 1U);
  EXPECT_TRUE(admit(sent_[0].process, HandshakeDecision{StreamId{1}, std::nullopt, {}, {}}));
}

TEST_F(DistributorTest, TellsOneProcessOfARefusedRequest) {
  push(RequestRefused{{}, {}, 1, "Session ID unknown"});
  ASSERT_EQ(sent_.size(), 1U);
  EXPECT_NE(sent_[0].process, no_process);
}

TEST_F(DistributorTest, GivesARetiredProcessNothingNew) {
  const StreamId a = request();
  const ProcessId retired = process_of(a);
  distributor_.retire({retired}, MoveReason::reload);
  for (int i = 0; i < 3; ++i) {
    EXPECT_NE(process_of(request()), retired);
    EXPECT_NE(process_of(websocket()), retired);
  }
  EXPECT_NE(connect(distributor_.next_session(), SocketId{1}), retired);
}

TEST_F(DistributorTest, UsesARetiredProcessIfThereIsNoOther) {
  distributor_.remove(second);
  distributor_.retire({first}, MoveReason::reload);
  EXPECT_EQ(process_of(request()), first);
}

TEST_F(DistributorTest, KnowsWhenARetiredProcessIsDone) {
  distributor_.remove(second);
  const StreamId a = request(), b = websocket();
  const SessionId session = distributor_.next_session();
  connect(session, SocketId{1});
  EXPECT_FALSE(distributor_.is_done(first));
  distributor_.retire({first}, MoveReason::recycling);
  admit(first, HttpRespond{a, ResponseHead{200, {}}, "", false});
  push(WebSocketDisconnect{b, 1000, ""});
  EXPECT_FALSE(distributor_.is_done(first)) << "it has a session";
  admit(first, GiveUpSession{session});
  push(SocketDisconnect{SocketId{1}, "a", "b"});
  push(SessionClosed{session, {}});
  EXPECT_FALSE(distributor_.is_done(first)) << "its handlers run";
  admit(first, SessionReleased{session});
  EXPECT_FALSE(distributor_.is_done(first)) << "disconnect handlers run";
  admit(first, SocketReleased{SocketId{1}});
  EXPECT_TRUE(distributor_.is_done(first));
}

TEST_F(DistributorTest, LetsNoProcessManageOthers) {
  EXPECT_FALSE(admit(first, RetireProcesses{{2}, MoveReason::reload}));
  EXPECT_FALSE(admit(first, EndProcess{2}));
}

TEST_F(DistributorTest, AsksAnotherProcessAboutAHandshakeWhenOneHasDied) {
  const StreamId stream = distributor_.next_session();
  push(HandshakeEvent(HandshakeAsked{stream, {}, {}}));
  ASSERT_EQ(sent_.size(), 1U);
  const ProcessId asked = sent_[0].process, other = asked == first ? second : first;
  sent_.clear();
  EXPECT_FALSE(admit(other, HandshakeDecision{stream, "", {}, {}})) << "it was not asked";
  distributor_.remove(asked);
  EXPECT_EQ(sent_to<HandshakeAsked>(other).stream, stream);
  EXPECT_TRUE(admit(other, HandshakeDecision{stream, "", {}, {}}));
  EXPECT_FALSE(admit(other, HandshakeDecision{stream, "", {}, {}})) << "it is decided once";
}

}  // namespace
}  // namespace sioserve::processes
