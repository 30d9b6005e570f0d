// Sessions that move from one Python process to another.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/processes/distributor.h"

namespace sioserve::processes {
namespace {

constexpr ProcessId first{1}, second{2}, third{3};
constexpr SocketId socket_id{7};

class SessionMovesTest : public testing::Test {
 protected:
  struct Sent {
    ProcessId process;
    Event event;
  };

  SessionMovesTest() {
    distributor_.add(first);
    session_ = distributor_.next_session();
    connect(socket_id);
    keep(first);
    distributor_.add(second);
    sent_.clear();
  }

  void push(Event event) { distributor_.route(std::move(event)); }
  bool admit(ProcessId from, Command command) { return distributor_.admit(from, command); }

  void connect(SocketId socket) { push(SocketConnect{socket, session_, "id", "/", {}}); }
  void send_event(std::uint64_t number, std::size_t size = 2) {
    push(SocketEvent{socket_id, {PayloadFormat::json, std::string(size, ' ')}, number});
  }
  void keep(ProcessId from) {
    EXPECT_FALSE(admit(from, KeepSession{session_, "of the session"}));
    EXPECT_FALSE(admit(from, KeepSocket{socket_id, "of the socket"}));
  }

  // The events of a type that were sent to a process, since the last call of clear().
  template <typename T>
  std::vector<T> sent_to(ProcessId process) const {
    std::vector<T> found;
    for (const Sent& sent : sent_) {
      const T* const event = get_message<T>(sent.event);
      if (sent.process == process && event != nullptr) found.push_back(*event);
    }
    return found;
  }

  std::vector<Sent> sent_;
  Distributor distributor_{[this](ProcessId process, const Event& event) {
    sent_.push_back({process, event});
  }};
  SessionId session_;
};

TEST_F(SessionMovesTest, AsksTheProcessThatRetires) {
  distributor_.retire({first}, MoveReason::reload);
  const auto asked = sent_to<SessionMoveAsked>(first);
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].session, session_);
  EXPECT_EQ(asked[0].why, MoveReason::reload);
  EXPECT_TRUE(distributor_.take_duties().empty());
}

TEST_F(SessionMovesTest, BringsEventsThatHaveWaitedInOrder) {
  send_event(1);
  distributor_.retire({first}, MoveReason::reload);
  send_event(2);
  send_event(3);
  EXPECT_EQ(sent_to<SocketEvent>(first).size(), 1U);
  admit(first, SocketEventsDone{socket_id, 1});
  admit(first, LetSessionGo{session_});
  ASSERT_EQ(sent_.size(), 5U);
  const auto moved = sent_to<SessionMoved>(second);
  ASSERT_EQ(moved.size(), 1U);
  EXPECT_EQ(moved[0].state, "of the session");
  ASSERT_EQ(moved[0].sockets.size(), 1U);
  EXPECT_EQ(moved[0].sockets[0].socket, socket_id);
  EXPECT_EQ(moved[0].sockets[0].state, "of the socket");
  const auto events = sent_to<SocketEvent>(second);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].ack_id, 2U);
  EXPECT_EQ(events[1].ack_id, 3U);
  EXPECT_NE(get_message<SessionMoved>(sent_[2].event), nullptr) << "before its events";
  EXPECT_EQ(distributor_.owner_of(session_), second);
  EXPECT_TRUE(distributor_.is_done(first));
  EXPECT_EQ(distributor_.take_duties().lost_events, 0U);
}

TEST_F(SessionMovesTest, LetsTheFormerProcessAcknowledgeOnly) {
  distributor_.retire({first}, MoveReason::reload);
  admit(first, LetSessionGo{session_});
  EXPECT_TRUE(admit(first, SocketAck{socket_id, 1, {}}));
  EXPECT_FALSE(admit(first, SocketEventsDone{socket_id, 1}));
  EXPECT_FALSE(admit(first, SocketReleased{socket_id}));
  keep(first);
  distributor_.add(third);
  distributor_.retire({second}, MoveReason::reload);
  EXPECT_FALSE(admit(first, LetSessionGo{session_}));
  EXPECT_TRUE(sent_to<SessionMoved>(third).empty());
}

TEST_F(SessionMovesTest, MovesASessionOnlyWhenAsked) {
  admit(first, LetSessionGo{session_});
  EXPECT_TRUE(sent_to<SessionMoved>(second).empty());
}

TEST_F(SessionMovesTest, TellsTheNextProcessWhatHappenedMeanwhile) {
  distributor_.retire({first}, MoveReason::reload);
  connect(SocketId{8});
  push(SocketDisconnect{SocketId{8}, "a", "b"});
  push(SocketDisconnect{socket_id, "a", "b"});
  push(SessionClosed{session_, {}});
  admit(first, LetSessionGo{session_});
  EXPECT_EQ(sent_to<SessionMoved>(second)[0].sockets.size(), 1U) << "the other has not been there";
  EXPECT_EQ(sent_to<SocketConnect>(second).size(), 1U);
  EXPECT_EQ(sent_to<SocketDisconnect>(second).size(), 2U);
  EXPECT_EQ(sent_to<SessionClosed>(second).size(), 1U);
  admit(second, SocketReleased{socket_id});
  admit(second, SocketReleased{SocketId{8}});
  admit(second, SessionReleased{session_});
  distributor_.add(third);
  distributor_.retire({second}, MoveReason::reload);
  EXPECT_TRUE(distributor_.is_done(second));
}

TEST_F(SessionMovesTest, ClosesASessionThatCanNotMoveBehindItsEvents) {
  distributor_.retire({first}, MoveReason::reload);
  send_event(1);
  admit(first, GiveUpSession{session_});
  EXPECT_EQ(sent_to<SocketEvent>(first).size(), 1U);
  EXPECT_TRUE(distributor_.take_duties().lost_sessions.contains(session_));
}

TEST_F(SessionMovesTest, ClosesASessionWithASocketOfWhichNothingWasKept) {
  connect(SocketId{8});
  distributor_.retire({first}, MoveReason::reload);
  admit(first, LetSessionGo{session_});
  EXPECT_TRUE(sent_to<SessionMoved>(second).empty());
  EXPECT_TRUE(distributor_.take_duties().lost_sessions.contains(session_));
}

TEST_F(SessionMovesTest, MovesASessionWhoseProcessHasDied) {
  send_event(1);
  send_event(2);
  admit(first, SocketEventsDone{socket_id, 1});
  distributor_.remove(first);
  const auto moved = sent_to<SessionMoved>(second);
  ASSERT_EQ(moved.size(), 1U);
  EXPECT_EQ(moved[0].why, MoveReason::crash);
  Distributor::Duties duties = distributor_.take_duties();
  EXPECT_TRUE(duties.lost_sessions.empty());
  EXPECT_EQ(duties.lost_events, 1U);
  ASSERT_EQ(duties.commands.size(), 1U);
  EXPECT_EQ(get_message<SocketEventsDone>(duties.commands[0])->count, 1U)
      << "the client can be read again";
}

TEST_F(SessionMovesTest, SaysCrashIfAProcessDiesWhileItRetires) {
  distributor_.retire({first}, MoveReason::reload);
  send_event(1);
  distributor_.remove(first);
  EXPECT_EQ(sent_to<SessionMoved>(second)[0].why, MoveReason::crash);
  EXPECT_EQ(sent_to<SocketEvent>(second).size(), 1U);
}

TEST_F(SessionMovesTest, WaitsForAProcess) {
  distributor_.remove(second);
  distributor_.remove(first);
  EXPECT_TRUE(distributor_.has_orphans());
  send_event(1);
  distributor_.add(third);
  EXPECT_FALSE(distributor_.has_orphans());
  EXPECT_EQ(sent_to<SessionMoved>(third).size(), 1U);
  EXPECT_EQ(sent_to<SocketEvent>(third).size(), 1U);
}

TEST_F(SessionMovesTest, GivesUpASessionThatFindsNoProcess) {
  distributor_.remove(second);
  distributor_.remove(first);
  push(SocketDisconnect{socket_id, "a", "b"});
  distributor_.take_duties();
  distributor_.give_up_orphans();
  Distributor::Duties duties = distributor_.take_duties();
  EXPECT_TRUE(duties.lost_sessions.contains(session_));
  ASSERT_EQ(duties.commands.size(), 1U);
  EXPECT_NE(get_message<SocketReleased>(duties.commands[0]), nullptr);
  push(SessionClosed{session_, {}});
  distributor_.add(third);
  EXPECT_TRUE(sent_to<SessionMoved>(third).empty());
}

TEST_F(SessionMovesTest, HoldsBackAClientThatSendsMuchMeanwhile) {
  distributor_.retire({first}, MoveReason::reload);
  EXPECT_FALSE(distributor_.holds_back(session_));
  send_event(1, 20'000);
  EXPECT_TRUE(distributor_.holds_back(session_));
  admit(first, LetSessionGo{session_});
  EXPECT_FALSE(distributor_.holds_back(session_));
  EXPECT_TRUE(distributor_.take_duties().has_space);
}

TEST_F(SessionMovesTest, MovesASessionThatConnectsToARetiredProcess) {
  const StreamId handshake = distributor_.next_request();
  ASSERT_EQ(process_of(handshake), second);
  push(HttpRequest{handshake, std::make_shared<const RequestHead>(), {}, "", false});
  distributor_.retire({second}, MoveReason::recycling);
  admit(second, HttpHandOver{handshake});
  session_ = handshake;
  connect(SocketId{8});
  EXPECT_EQ(sent_to<SocketConnect>(second).size(), 1U);
  EXPECT_EQ(sent_to<SessionMoveAsked>(second).size(), 1U);
}

TEST_F(SessionMovesTest, MovesNoSessionToAProcessThatRetiresToo) {
  distributor_.add(third);
  distributor_.retire({first, second}, MoveReason::reload);
  admit(first, LetSessionGo{session_});
  EXPECT_EQ(sent_to<SessionMoved>(third).size(), 1U);
}

TEST_F(SessionMovesTest, ClosesASessionWhoseStateIsGone) {
  admit(first, KeepSocket{socket_id, ""});
  distributor_.remove(first);
  EXPECT_TRUE(sent_to<SessionMoved>(second).empty());
  EXPECT_TRUE(distributor_.take_duties().lost_sessions.contains(session_));
}

// --- clients that may return ---

class AwayTest : public SessionMovesTest {
 protected:
  void lose_connection() {
    push(SocketDisconnect{socket_id, "a", "b", /*may_return=*/true});
    push(SessionClosed{session_, {}});
    admit(first, SessionReleased{session_});
  }

  // The client comes back; the process that gets it, and the event.
  std::pair<ProcessId, SocketConnect> recover() {
    push(SocketConnect{SocketId{9}, distributor_.next_session(), "id", "/", {}, socket_id});
    for (const ProcessId process : {first, second, third}) {
      const auto connects = sent_to<SocketConnect>(process);
      if (!connects.empty()) return {process, connects[0]};
    }
    ADD_FAILURE() << "sent to no process";
    return {};
  }
};

TEST_F(AwayTest, BringsTheStateToAnotherProcess) {
  lose_connection();
  distributor_.retire({first}, MoveReason::reload);
  ASSERT_EQ(sent_to<SocketStateAsked>(first).size(), 1U);
  EXPECT_FALSE(distributor_.is_done(first)) << "its handlers may still change it";
  admit(first, KeepSocket{socket_id, "at the end"});
  EXPECT_TRUE(distributor_.is_done(first));
  distributor_.remove(first);
  const auto [process, event] = recover();
  EXPECT_EQ(process, second);
  EXPECT_EQ(event.recovered, std::nullopt);
  EXPECT_EQ(event.state, "at the end");
}

TEST_F(AwayTest, AsksForTheStateOfAClientThatIsLostWhileItsProcessRetires) {
  distributor_.retire({first}, MoveReason::reload);
  admit(first, GiveUpSession{session_});
  EXPECT_TRUE(sent_to<SocketStateAsked>(first).empty());
  lose_connection();
  EXPECT_EQ(sent_to<SocketStateAsked>(first).size(), 1U);
  admit(first, KeepSocket{socket_id, "state"});
  const auto [process, event] = recover();
  EXPECT_EQ(process, second) << "the first one retires";
  EXPECT_EQ(event.state, "state");
}

TEST_F(AwayTest, BringsAClientBackThatIsFasterThanTheState) {
  lose_connection();
  distributor_.retire({first}, MoveReason::reload);
  const auto [process, event] = recover();
  EXPECT_EQ(process, first);
  EXPECT_EQ(event.recovered, socket_id);
  EXPECT_EQ(event.state, std::nullopt);
  EXPECT_EQ(sent_to<SessionMoveAsked>(first).size(), 1U);
}

TEST_F(AwayTest, BringsTheLastStateOfAProcessThatHasDied) {
  lose_connection();
  distributor_.remove(first);
  const auto [process, event] = recover();
  EXPECT_EQ(process, second);
  EXPECT_EQ(event.state, "of the socket");
}

TEST_F(AwayTest, DoesNotWaitForAClientThatDoesNotReturn) {
  lose_connection();
  distributor_.retire({first}, MoveReason::reload);
  push(SocketForgotten{socket_id});
  admit(first, SocketReleased{socket_id});
  EXPECT_TRUE(distributor_.is_done(first));
}

TEST_F(SessionMovesTest, LosesASessionWhoseStateIsTooLargeToBeSent) {
  distributor_.give_up(ProcessEvent(SessionMoved{session_, MoveReason::reload, "state", {}}));
  EXPECT_TRUE(distributor_.take_duties().lost_sessions.contains(session_));
}

}  // namespace
}  // namespace sioserve::processes
