// What the port promises, in either form.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/port/message_samples.h"
#include "tests/unit/port/port_forms.h"

namespace sioserve::port {
namespace {

using namespace std::chrono_literals;

template <typename Form>
class PortContract : public testing::Test {
 protected:
  Form port_;
};

using Forms = testing::Types<InProcess, BetweenProcesses>;
TYPED_TEST_SUITE(PortContract, Forms);

Event disconnect(std::uint64_t number) { return HttpDisconnect{StreamId{number}}; }
Command leave(std::uint64_t number) { return SocketLeaveAll{SocketId{number}}; }

template <typename Message>
std::string wire_form(const Message& message) {
  WireMessage wire;
  encode(message, wire);
  return wire.bytes;
}

TYPED_TEST(PortContract, PassesEveryEventOnInOrder) {
  std::vector<std::string> pushed;
  for_each_event_kind(Fill::samples, [&](const Event& event) {
    pushed.push_back(wire_form(event));
    this->port_.push(event);
  });
  const auto taken = this->port_.take_events();
  ASSERT_EQ(taken.size(), pushed.size());
  for (std::size_t i = 0; i < pushed.size(); ++i) EXPECT_EQ(wire_form(taken[i]), pushed[i]);
  EXPECT_TRUE(this->port_.take_events().empty());
}

TYPED_TEST(PortContract, CarriesOutEveryCommandInOrder) {
  std::vector<std::string> posted;
  for_each_command_kind(Fill::samples, [&](const Command& command) {
    if (get_message<CommandsHeldUp>(command) != nullptr) return;
    posted.push_back(wire_form(command));
    this->port_.commands().push(Command(command));
  });
  std::vector<Command> taken = this->port_.take_commands();
  ASSERT_EQ(taken.size(), posted.size());
  for (std::size_t i = 0; i < posted.size(); ++i) EXPECT_EQ(wire_form(taken[i]), posted[i]);
  EXPECT_TRUE(this->port_.take_commands().empty());
}

TYPED_TEST(PortContract, WakesPythonOnceUntilItTakesTheEvents) {
  this->port_.push(disconnect(1));
  this->port_.push(disconnect(2));
  this->port_.settle();
  EXPECT_EQ(this->port_.wakes(), 1);
  this->port_.take_events();
  this->port_.push(disconnect(3));
  this->port_.settle();
  EXPECT_EQ(this->port_.wakes(), 2);
}

TYPED_TEST(PortContract, TellsWhenTooManyEventsWaitAndWhenTheyAreTaken) {
  EXPECT_FALSE(this->port_.full());
  std::uint64_t pushed = 0;
  while (!this->port_.full()) {
    ASSERT_LT(pushed, 10'000U);
    this->port_.push(HttpBody{StreamId{++pushed}, std::string(500, 'x'), true});
    this->port_.settle();
  }
  std::uint64_t taken = 0;
  while (taken < pushed) {
    const auto events = this->port_.take_events();
    ASSERT_FALSE(events.empty());
    for (const Event& event : events) {
      EXPECT_EQ(get_message<HttpBody>(event)->stream, StreamId{++taken});
    }
  }
  this->port_.settle();
  EXPECT_FALSE(this->port_.full());
}

TYPED_TEST(PortContract, HoldsEmitsUpWhileTheyAreNotCarriedOut) {
  this->port_.take_commands();  // the I/O side has begun
  EXPECT_FALSE(this->port_.commands().is_overloaded());
  std::size_t posted = 0;
  while (!this->port_.commands().is_overloaded(1h)) {
    this->port_.commands().push(SocketEmit{SocketId{1}, {std::string(500, 'x'), {}}, std::nullopt});
    ++posted;
  }
  EXPECT_TRUE(this->port_.commands().notify_of_space());
  std::size_t taken = 0;
  while (taken < posted) {
    const auto commands = this->port_.take_commands();
    ASSERT_FALSE(commands.empty());
    taken += commands.size();
  }
  this->port_.take_commands();
  EXPECT_FALSE(this->port_.commands().is_overloaded(1h));
  std::size_t told = 0;
  for (const Event& event : this->port_.take_events()) {
    if (get_message<CommandQueueHasSpace>(event) != nullptr) ++told;
  }
  EXPECT_EQ(told, 1U);
}

TYPED_TEST(PortContract, AnswersAQuestionBehindTheCommandsBeforeIt) {
  this->port_.answers().open();
  this->port_.commands().push(leave(1));
  const QuestionId question = this->port_.answers().expect();
  this->port_.commands().push(Ask{question, Membership{SocketId{1}, "room"}});
  const auto commands = this->port_.take_commands();
  ASSERT_EQ(commands.size(), 2U);
  EXPECT_NE(get_message<SocketLeaveAll>(commands[0]), nullptr);
  const Ask* asked = get_message<Ask>(commands[1]);
  ASSERT_NE(asked, nullptr);
  EXPECT_EQ(asked->id, question);
  this->port_.give(asked->id, Membership::Answer{5, true});
  this->port_.settle();
  const Answer answer = this->port_.answers().wait(question);
  EXPECT_EQ(std::get<RoomCount>(answer).rooms, 5U);
}

TYPED_TEST(PortContract, TakesCommandsOfManyThreads) {
  std::vector<std::thread> threads;
  for (std::uint64_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (std::uint64_t i = 0; i < 500; ++i) this->port_.commands().push(leave(thread << 32U | i));
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<std::uint64_t> next(4);
  std::size_t taken = 0;
  while (taken < 2'000) {
    const auto commands = this->port_.take_commands();
    ASSERT_FALSE(commands.empty());
    for (const Command& command : commands) {
      const auto number = static_cast<std::uint64_t>(get_message<SocketLeaveAll>(command)->socket);
      EXPECT_EQ(number & 0xffffffffU, next[number >> 32U]++);
    }
    taken += commands.size();
  }
}

}  // namespace
}  // namespace sioserve::port
