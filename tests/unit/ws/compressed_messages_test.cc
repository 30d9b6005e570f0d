// MessageReader with compressed messages (RFC 7692).
#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "server/ws/message_reader.h"
#include "tests/unit/ws/frames.h"

namespace sioserve::ws {
namespace {

constexpr std::size_t limit = 1'000;
constexpr auto open = MessageReader::State::open;
constexpr auto closed = MessageReader::State::closed;

// The result of frames that may be compressed: messages as in the cases above, then the close code
// if the reader closed.
std::string outcome_of(const std::string& input, std::size_t piece) {
  ParserPool parsers;
  MessageReader reader(parsers, {limit, 0}, std::make_unique<Inflater>(15, ContextTakeover::on));
  std::vector<Message> messages;
  for (std::size_t i = 0; i < input.size(); i += piece) {
    reader.feed(std::string(input.substr(i, piece)), messages);
  }
  std::string outcome;
  for (const Message& message : messages) {
    outcome += (message.kind == MessageKind::text ? "t:" : "b:") + message.payload + " ";
  }
  const std::string output = reader.take_output();
  if (reader.state() == closed) {
    outcome += std::to_string((static_cast<unsigned char>(output[2]) << 8) |
                              static_cast<unsigned char>(output[3]));
  }
  return outcome;
}

void expect_outcome(const std::string& input, const std::string& expected) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{100'000}}) {
    EXPECT_EQ(outcome_of(input, piece), expected) << "in pieces of " << piece;
  }
}

TEST(CompressedMessages, AreInflated) {
  const std::string message(500, 'x');
  expect_outcome(frame(final_bit | compressed | text, deflated(message)) +
                     frame(final_bit | compressed | binary, deflated("b")) +
                     frame(final_bit | text, "plain") + frame(final_bit | compressed | text, ""),
                 "t:" + message + " b:b t:plain t: ");
}

TEST(CompressedMessages, MayBeFragmented) {
  const std::string data = deflated("a message in two pieces");
  expect_outcome(frame(compressed | text, data.substr(0, 4)) + frame(final_bit | ping, "p") +
                     frame(continuation, "") + frame(continuation, data.substr(4)) +
                     frame(final_bit | continuation, "") + frame(final_bit | text, "next"),
                 "t:a message in two pieces t:next ");
}

TEST(CompressedMessages, AreMarkedInTheirFirstFrameOnly) {
  const std::string data = deflated("Hello");
  expect_outcome(frame(compressed | text, data.substr(0, 3)) +
                     frame(final_bit | compressed | continuation, data.substr(3)),
                 "1002");
  expect_outcome(frame(final_bit | compressed | ping, data), "1002");
  expect_outcome(frame(final_bit | compressed | close_opcode, ""), "1002");
}

TEST(CompressedMessages, OtherReservedBitsStayReserved) {
  expect_outcome(frame(final_bit | 0x20 | text, "x"), "1002");
  expect_outcome(frame(final_bit | 0x60 | text, deflated("x")), "1002");
  expect_outcome(frame(final_bit | 0x10 | text, "x"), "1002");
}

TEST(CompressedMessages, MustBeUtf8IfTheyAreText) {
  expect_outcome(frame(final_bit | compressed | text, deflated("\xff")), "1007");
  expect_outcome(frame(final_bit | compressed | text, deflated("\xc3")), "1007");
  expect_outcome(frame(final_bit | compressed | binary, deflated("\xff")), "b:\xff ");
  // The compressed bytes need not be UTF-8.
  const std::string message = "h\xc3\xa4llo h\xc3\xa4llo";
  expect_outcome(frame(final_bit | compressed | text, deflated(message)), "t:" + message + " ");
}

TEST(CompressedMessages, MustNotBeCorrupt) {
  expect_outcome(frame(final_bit | compressed | binary, "\x07"), "1007");
  expect_outcome(frame(final_bit | compressed | binary, "\xf2\x48"), "1007");
}

TEST(CompressedMessages, AreCutOffAtTheLimit) {
  const std::string largest(limit, 'x');
  expect_outcome(frame(final_bit | compressed | binary, deflated(largest)), "b:" + largest + " ");
  expect_outcome(frame(final_bit | compressed | binary, deflated(largest + "x")), "1009");
  // Closes before the end of the message; later input is ignored.
  expect_outcome(frame(compressed | binary, deflated(std::string(1'000'000, 'x'))) +
                     frame(final_bit | text, "late"),
                 "1009");
}

TEST(CompressedMessages, AllocateTheirMemoryAgainAfterARelease) {
  Deflater peer(15, ContextTakeover::on);
  ParserPool parsers;
  MessageReader reader(parsers, {limit, 0}, std::make_unique<Inflater>(15, ContextTakeover::on));
  std::vector<Message> messages;
  const auto send = [&](std::string_view data) {
    reader.feed(frame(final_bit | compressed | text, data), messages);
    EXPECT_TRUE(reader.inflated());
  };
  send(peer.compress("the same words twice"));
  reader.release_memory();
  send(peer.compress("the same words twice"));
  // No effect within a message.
  const std::string third = peer.compress("the same words thrice");
  reader.feed(frame(compressed | text, third.substr(0, 2)), messages);
  reader.release_memory();
  reader.feed(frame(final_bit | continuation, third.substr(2)), messages);
  ASSERT_EQ(messages.size(), 3U);
  EXPECT_EQ(messages[1].payload, "the same words twice");
  EXPECT_EQ(messages[2].payload, "the same words thrice");
  reader.feed(frame(final_bit | text, "plain"), messages);
  EXPECT_FALSE(reader.inflated());
}

TEST(CompressedMessages, AreNotInflatedIfTheyWillBeDropped) {
  ParserPool parsers;
  MessageReader reader(parsers, {limit, 0}, std::make_unique<Inflater>(15, ContextTakeover::on));
  std::vector<Message> messages;
  const std::string data = deflated("Hello");
  reader.feed(frame(compressed | text, data.substr(0, 3)), messages);
  reader.close(1000, "");
  reader.feed(frame(final_bit | continuation, data.substr(3)), messages);
  reader.feed(frame(final_bit | compressed | text, std::string(2 * limit, '\x07')), messages);
  EXPECT_FALSE(reader.inflated());
  EXPECT_EQ(reader.state(), MessageReader::State::closing);
  reader.feed(close_frame(1000), messages);
  EXPECT_EQ(reader.state(), closed);
  EXPECT_TRUE(messages.empty());
}

TEST(CompressedMessages, AreRefusedIfCompressionWasNotNegotiated) {
  ParserPool parsers;
  MessageReader reader(parsers, {limit, 0});
  std::vector<Message> messages;
  reader.feed(frame(final_bit | compressed | text, deflated("x")), messages);
  EXPECT_EQ(reader.take_output(), failure(1002));
}

TEST(CompressedMessages, MayBeALittleAboveTheLimitOfAFrame) {
  std::mt19937 random(1);
  std::string noise;
  for (std::size_t i = 0; i < limit; ++i) noise += static_cast<char>(random());
  const std::string data = deflated(noise);
  ASSERT_GT(data.size(), limit);
  ParserPool parsers;
  MessageReader reader(parsers, {limit, limit},
                       std::make_unique<Inflater>(15, ContextTakeover::on));
  std::vector<Message> messages;
  reader.feed(frame(final_bit | compressed | binary, data), messages);
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].payload, noise);
  reader.feed(frame(compressed | binary, std::string(limit + limit / 8 + 65, 'x')), messages);
  EXPECT_EQ(reader.take_output(), close_answer(1009, "frame too big"));
}

}  // namespace
}  // namespace sioserve::ws
