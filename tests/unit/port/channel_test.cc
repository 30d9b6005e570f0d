#include "server/port/channel.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace sioserve::port {
namespace {

class PythonEndTest : public testing::Test {
 protected:
  // What the I/O process reads of everything that this end has to send.
  std::vector<Command> sent() {
    std::vector<Command> commands;
    FrameReader<Command> reader;
    while (python_.fill_output()) {
      const FrameWriter::Part part = python_.output().next();
      reader.feed(part.bytes);
      python_.output().sent(part.bytes.size());
      for (auto command = reader.next(); command && *command; command = reader.next()) {
        commands.push_back(std::move(**command));
      }
    }
    return commands;
  }

  std::vector<Event> events() {
    std::vector<Event> batch;
    events_.take(batch);
    return batch;
  }

  EventQueue events_{{10, 1'000'000}, [] {}};
  CommandQueue commands_{1'000, [] {}};
  Answers answers_;
  PythonEnd python_{events_, commands_, answers_};
};

TEST_F(PythonEndTest, SendsALargeResponseInPartsWithTheLengthOfTheWhole) {
  const std::string body(40'000'000, 'x');
  commands_.push(HttpRespond{StreamId{1}, ResponseHead{200, {{"x-a", "b"}}}, body, false});
  const auto commands = sent();
  ASSERT_EQ(commands.size(), 3U);
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    const HttpRespond* part = get_message<HttpRespond>(commands[i]);
    ASSERT_NE(part, nullptr);
    EXPECT_EQ(part->head.has_value(), i == 0);
    EXPECT_EQ(part->more_body, i != 2);
    bytes += part->body.size();
  }
  EXPECT_EQ(bytes, body.size());
  const Headers& headers = get_message<HttpRespond>(commands[0])->head->headers;
  ASSERT_EQ(headers.size(), 2U);
  EXPECT_EQ(headers[1].name, "content-length");
  EXPECT_EQ(headers[1].value, "40000000");
}

TEST_F(PythonEndTest, LeavesTheFramingOfAnUnfinishedResponseAlone) {
  commands_.push(
      HttpRespond{StreamId{1}, ResponseHead{200, {}}, std::string(20'000'000, 'x'), true});
  const auto commands = sent();
  ASSERT_EQ(commands.size(), 2U);
  EXPECT_TRUE(get_message<HttpRespond>(commands[0])->head->headers.empty());
  EXPECT_TRUE(get_message<HttpRespond>(commands[1])->more_body);
}

TEST_F(PythonEndTest, FailsAWebSocketWhoseMessageIsTooLargeAndLogsIt) {
  commands_.push(WebSocketSend{StreamId{5}, MessageKind::binary, std::string(max_frame, 'x')});
  const auto commands = sent();
  ASSERT_EQ(commands.size(), 1U);
  ASSERT_NE(get_message<WebSocketFail>(commands[0]), nullptr);
  EXPECT_EQ(get_message<WebSocketFail>(commands[0])->stream, StreamId{5});
  const auto told = events();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_NE(get_message<LogRecord>(told[0]), nullptr);
}

TEST_F(PythonEndTest, TellsTheIoProcessHowManyEmitsHadToWait) {
  sent();
  commands_.push(SocketEmit{SocketId{1}, {std::string(5'000, 'x'), {}}, std::nullopt});
  ASSERT_TRUE(commands_.notify_of_space());
  const auto commands = sent();
  ASSERT_EQ(commands.size(), 2U);
  const CommandsHeldUp* held_up = get_message<CommandsHeldUp>(commands[0]);
  ASSERT_NE(held_up, nullptr);
  EXPECT_EQ(held_up->count, 1U);
}

TEST_F(PythonEndTest, RefusesWhatIsNoMessage) {
  EXPECT_EQ(python_.receive(std::string("\x02\0\0\0\x01\0", 6)), FrameError::unknown_kind);
}

TEST(IoEnd, IsFullUntilHalfOfItIsSent) {
  IoEnd io(10'000);
  while (!io.full()) io.push(HttpBody{StreamId{1}, std::string(1'000, 'x'), true});
  EXPECT_GE(io.output().size(), 10'000U);
  io.output().sent(2'000);
  EXPECT_FALSE(io.has_become_free());
  EXPECT_TRUE(io.full());
  io.output().sent(io.output().size() - 5'000);
  EXPECT_TRUE(io.has_become_free());
  EXPECT_FALSE(io.full());
  EXPECT_FALSE(io.has_become_free()) << "told once";
}

TEST(IoEnd, AnswersEmptyWhereTheAnswerIsTooLarge) {
  IoEnd io(10'000);
  io.give(QuestionId{3}, SocketsIn::Answer(max_frame / sizeof(SocketId)));
  FrameReader<ToPython> reader;
  reader.feed(io.output().next().bytes);
  auto message = reader.next();
  ASSERT_TRUE(message && *message);
  const auto& answered = std::get<QuestionAnswered>(**message);
  EXPECT_EQ(answered.question, QuestionId{3});
  EXPECT_EQ(answered.answer.index(), 0U);
}

}  // namespace
}  // namespace sioserve::port
