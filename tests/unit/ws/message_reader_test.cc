#include "server/ws/message_reader.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace sioserve::ws {
namespace {

constexpr unsigned final_bit = 0x80;
constexpr unsigned continuation = 0x0;
constexpr unsigned text = 0x1;
constexpr unsigned binary = 0x2;
constexpr unsigned close_opcode = 0x8;
constexpr unsigned ping = 0x9;
constexpr unsigned pong = 0xa;

std::string size_bytes(unsigned mask_bit, std::size_t size) {
  std::string bytes;
  if (size < 126) {
    bytes += static_cast<char>(mask_bit | size);
  } else {
    bytes += static_cast<char>(mask_bit | 126);
    bytes += static_cast<char>(size >> 8);
    bytes += static_cast<char>(size & 0xff);
  }
  return bytes;
}

// As a client sends it: masked.
std::string frame(unsigned first_byte, std::string_view payload) {
  constexpr std::string_view mask = "\x12\x34\x56\x78";
  std::string bytes(1, static_cast<char>(first_byte));
  bytes += size_bytes(0x80, payload.size());
  bytes += mask;
  for (std::size_t i = 0; i < payload.size(); ++i) {
    bytes += static_cast<char>(payload[i] ^ mask[i % 4]);
  }
  return bytes;
}

// As a server sends it.
std::string unmasked(unsigned first_byte, std::string_view payload) {
  return std::string(1, static_cast<char>(first_byte)) + size_bytes(0, payload.size()) +
         std::string(payload);
}

std::string code(std::uint16_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
}

std::string close_frame(std::uint16_t value, const std::string& reason = "") {
  return frame(final_bit | close_opcode, code(value) + reason);
}

struct Outcome {
  std::vector<Message> messages;
  std::string output;
};

constexpr std::size_t limit = 1'000;

struct Case {
  const char* name;
  std::string input;
  std::vector<std::string> messages;  // "t:" or "b:" and the payload
  std::string output;
  MessageReader::State state;
  std::uint16_t close_code;
};

std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }
std::string name_of(const testing::TestParamInfo<Case>& test) { return test.param.name; }

class MessageReaderCase : public testing::TestWithParam<Case> {};

void check(const std::vector<std::string_view>& pieces, const Case& expected) {
  ParserPool parsers;
  MessageReader reader(parsers, {limit, 0});
  std::vector<Message> messages;
  std::string output;
  for (const std::string_view piece : pieces) {
    reader.feed(std::string(piece), messages);
    output += reader.take_output();
  }
  std::vector<std::string> described;
  for (const Message& message : messages) {
    described.push_back((message.kind == MessageKind::text ? "t:" : "b:") + message.payload);
  }
  EXPECT_EQ(described, expected.messages);
  EXPECT_EQ(output, expected.output);
  EXPECT_EQ(reader.state(), expected.state);
  EXPECT_EQ(reader.close_code(), expected.close_code);
}

TEST_P(MessageReaderCase, ReadsWhole) { check({GetParam().input}, GetParam()); }

TEST_P(MessageReaderCase, ReadsSplitAnywhere) {
  const std::string_view input = GetParam().input;
  for (std::size_t i = 1; i < input.size(); ++i) {
    check({input.substr(0, i), input.substr(i)}, GetParam());
    ASSERT_FALSE(HasFailure()) << "split at " << i;
  }
}

TEST_P(MessageReaderCase, ReadsByteByByte) {
  const std::string_view input = GetParam().input;
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < input.size(); ++i) bytes.push_back(input.substr(i, 1));
  check(bytes, GetParam());
}

std::string close_answer(std::uint16_t value, const std::string& reason) {
  return unmasked(final_bit | close_opcode, code(value) + reason);
}

std::string failure(std::uint16_t value) {
  return close_answer(value, value == 1002   ? "protocol error"
                             : value == 1007 ? "invalid UTF-8"
                                             : "message too big");
}

constexpr auto open = MessageReader::State::open;
constexpr auto closed = MessageReader::State::closed;

const std::vector<Case> cases = {
    {"text", frame(final_bit | text, "h\xc3\xa4llo"), {"t:h\xc3\xa4llo"}, "", open, 1006},
    {"binary", frame(final_bit | binary, "\xff\xfe"), {"b:\xff\xfe"}, "", open, 1006},
    {"empty_messages",
     frame(final_bit | text, "") + frame(final_bit | binary, ""),
     {"t:", "b:"},
     "",
     open,
     1006},
    {"two_byte_size",
     frame(final_bit | text, std::string(300, 'x')),
     {"t:" + std::string(300, 'x')},
     "",
     open,
     1006},
    {"fragments",
     frame(text, "a\xc3") + frame(continuation, "") + frame(final_bit | continuation, "\xa4z") +
         frame(final_bit | text, "next"),
     {"t:a\xc3\xa4z", "t:next"},
     "",
     open,
     1006},
    {"control_frames_between_fragments",
     frame(binary, "a") + frame(final_bit | ping, "p") + frame(final_bit | pong, "unasked") +
         frame(final_bit | continuation, "b"),
     {"b:ab"},
     unmasked(final_bit | pong, "p"),
     open,
     1006},
    {"ping", frame(final_bit | ping, ""), {}, unmasked(final_bit | pong, ""), open, 1006},
    {"close_with_code_and_reason",
     frame(final_bit | text, "last") + close_frame(4001, "bye") + frame(final_bit | text, "late"),
     {"t:last"},
     unmasked(final_bit | close_opcode, code(4001)),
     closed,
     4001},
    {"close_without_code",
     frame(final_bit | close_opcode, ""),
     {},
     unmasked(final_bit | close_opcode, ""),
     closed,
     1005},
    {"close_for_a_restart",
     close_frame(1012),
     {},
     unmasked(final_bit | close_opcode, code(1012)),
     closed,
     1012},
    {"unmasked_frame", unmasked(final_bit | text, "hello"), {}, failure(1002), closed, 1006},
    {"reserved_bit", frame(final_bit | 0x40 | text, "x"), {}, failure(1002), closed, 1006},
    {"reserved_opcode", frame(final_bit | 0x3, "x"), {}, failure(1002), closed, 1006},
    {"continuation_of_nothing",
     frame(final_bit | continuation, "x"),
     {},
     failure(1002),
     closed,
     1006},
    {"new_message_within_a_message",
     frame(text, "x") + frame(final_bit | text, "y"),
     {},
     failure(1002),
     closed,
     1006},
    {"fragmented_ping", frame(ping, "x"), {}, failure(1002), closed, 1006},
    {"long_ping", frame(final_bit | ping, std::string(126, 'x')), {}, failure(1002), closed, 1006},
    {"close_with_one_byte", frame(final_bit | close_opcode, "x"), {}, failure(1002), closed, 1006},
    {"close_with_reserved_code", close_frame(1005), {}, failure(1002), closed, 1006},
    {"close_with_characters_in_its_reason",
     close_frame(1000, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80!"),
     {},
     close_answer(1000, ""),
     closed,
     1000},
    {"close_with_characters_within_a_message",
     frame(text, "a\xc3") + close_frame(1000, "\xc3\xa4\xe2\x82\xac.") + frame(text, "late"),
     {},
     close_answer(1000, ""),
     closed,
     1000},
    {"close_with_a_reason_that_ends_early",
     close_frame(1000, "a\xe2\x82"),
     {},
     failure(1007),
     closed,
     1006},
    {"close_with_invalid_reason", close_frame(1000, "\xff"), {}, failure(1007), closed, 1006},
    {"invalid_utf8", frame(final_bit | text, "a\xff"), {}, failure(1007), closed, 1006},
    {"overlong_utf8", frame(final_bit | text, "\xc0\xaf"), {}, failure(1007), closed, 1006},
    {"surrogate_in_utf8", frame(final_bit | text, "\xed\xa0\x80"), {}, failure(1007), closed, 1006},
    {"cut_utf8", frame(final_bit | text, "a\xc3"), {}, failure(1007), closed, 1006},
    {"invalid_utf8_in_a_fragment",
     frame(text, "a\xc3") + frame(final_bit | continuation, "a"),
     {},
     failure(1007),
     closed,
     1006},
    {"message_too_big",
     frame(final_bit | binary, std::string(limit + 1, 'x')),
     {},
     failure(1009),
     closed,
     1006},
    {"fragments_too_big",
     frame(final_bit | text, "first") + frame(binary, std::string(limit, 'x')) +
         frame(continuation, "y") + frame(final_bit | continuation, "z"),
     {"t:first"},
     failure(1009),
     closed,
     1006},
    {"message_of_the_maximum_size",
     frame(binary, std::string(limit - 1, 'x')) + frame(final_bit | continuation, "y"),
     {"b:" + std::string(limit - 1, 'x') + "y"},
     "",
     open,
     1006},
};

INSTANTIATE_TEST_SUITE_P(Frames, MessageReaderCase, testing::ValuesIn(cases), name_of);

TEST(MessageReader, SaysWhatWentWrong) {
  ParserPool parsers;
  MessageReader reader(parsers, {limit, 0});
  std::vector<Message> messages;
  reader.feed(frame(final_bit | text, "\xff"), messages);
  EXPECT_EQ(reader.close_reason(), "invalid UTF-8");
}

TEST(MessageReader, ReportsThePeersReason) {
  ParserPool parsers;
  MessageReader reader(parsers, {limit, 0});
  std::vector<Message> messages;
  reader.feed(close_frame(1001, "going"), messages);
  EXPECT_EQ(reader.close_reason(), "going");
}

// wslay reads its input in portions of 4,096 bytes.
TEST(MessageReader, ReadsAReasonThatLiesAcrossThePartsOfAnInput) {
  const std::string reason = "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80";
  const std::string goodbye = close_frame(4001, reason);
  const std::string message = frame(final_bit | binary, std::string(120, 'x'));
  for (std::size_t cut = 0; cut <= goodbye.size(); ++cut) {
    std::string input;
    while (input.size() + 2 * message.size() < 4'096) input += message;
    input += frame(final_bit | binary, std::string(4'096 - cut - input.size() - 8, 'x'));
    ASSERT_EQ(input.size(), 4'096 - cut);
    ParserPool parsers;
    MessageReader reader(parsers, {limit, 0});
    std::vector<Message> messages;
    reader.feed(input + goodbye + goodbye, messages);
    EXPECT_EQ(reader.close_code(), 4001) << cut;
    EXPECT_EQ(reader.close_reason(), reason) << cut;
    EXPECT_EQ(reader.state(), closed);
  }
}

TEST(MessageReader, RefusesAFrameBeforeItsPayloadHasCome) {
  ParserPool parsers;
  MessageReader reader(parsers, {limit, 0});
  std::vector<Message> messages;
  reader.feed(frame(final_bit | binary, std::string(limit + 1, 'x')).substr(0, 9), messages);
  EXPECT_EQ(reader.state(), closed);
  EXPECT_EQ(reader.take_output(), failure(1009));
}

TEST(MessageReader, ClosesWithCodeAndReason) {
  ParserPool parsers;
  MessageReader reader(parsers, {limit, 0});
  std::vector<Message> messages;
  reader.close(4000, "enough");
  EXPECT_EQ(reader.take_output(), unmasked(final_bit | close_opcode, code(4000) + "enough"));
  EXPECT_EQ(reader.state(), MessageReader::State::closing);
  reader.close(4001, "again");
  EXPECT_EQ(reader.take_output(), "");

  reader.feed(frame(final_bit | text, "late"), messages);
  EXPECT_TRUE(messages.empty());
  reader.feed(close_frame(4000), messages);
  EXPECT_EQ(reader.state(), closed);
  EXPECT_EQ(reader.close_code(), 4000);
  EXPECT_EQ(reader.take_output(), "");
}

TEST(MessageReader, ClosesWithoutACode) {
  ParserPool parsers;
  MessageReader reader(parsers, {limit, 0});
  reader.close(1005, "ignored");
  EXPECT_EQ(reader.take_output(), unmasked(final_bit | close_opcode, ""));
}

TEST(MessageReader, SendsOnlyCodesThatMayStandInAFrame) {
  for (const int forbidden : {0, 999, 1004, 1006, 1015, 2999, 5000}) {
    ParserPool parsers;
    MessageReader reader(parsers, {limit, 0});
    reader.close(static_cast<std::uint16_t>(forbidden), "");
    EXPECT_EQ(reader.take_output(), close_answer(1000, "")) << forbidden;
  }
}

TEST(MessageReader, CutsALongReasonBetweenCharacters) {
  std::string reason;
  for (int i = 0; i < 100; ++i) reason += "\xc3\xa4";
  ParserPool parsers;
  MessageReader reader(parsers, {limit, 0});
  reader.close(1000, reason);
  EXPECT_EQ(reader.take_output(),
            unmasked(final_bit | close_opcode, code(1000) + reason.substr(0, 122)));
  MessageReader ascii(parsers, {limit, 0});
  ascii.close(1000, std::string(200, 'x'));
  EXPECT_EQ(ascii.take_output(),
            unmasked(final_bit | close_opcode, code(1000) + std::string(123, 'x')));
}

TEST(MessageReader, TakesManyTinyFragments) {
  constexpr std::size_t count = 100'000;
  ParserPool parsers;
  MessageReader reader(parsers, {count, count});
  std::vector<Message> messages;
  std::string input = frame(binary, "");
  for (std::size_t i = 0; i < count; ++i)
    input += frame(continuation, "x") + frame(continuation, "");
  input += frame(final_bit | continuation, "");
  reader.feed(input, messages);
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].payload.size(), count);
}

// --- Compressed messages ---

constexpr unsigned compressed = 0x40;

// What becomes of frames that may be compressed: messages as in the cases above, then the close
// code if the reader closed.
std::string outcome_of(const std::string& input, std::size_t piece) {
  ParserPool parsers;
  MessageReader reader(parsers, {limit, 0}, Inflater(15, ContextTakeover::on));
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

std::string deflated(const std::string& message) {
  return Deflater(15, ContextTakeover::off).compress(message);
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

TEST(CompressedMessages, MustBeUtf8WhenTheyAreText) {
  expect_outcome(frame(final_bit | compressed | text, deflated("\xff")), "1007");
  expect_outcome(frame(final_bit | compressed | text, deflated("\xc3")), "1007");
  expect_outcome(frame(final_bit | compressed | binary, deflated("\xff")), "b:\xff ");
  // The bytes of the compressed form need not be.
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
  // Before the end of the message, and whatever follows.
  expect_outcome(frame(compressed | binary, deflated(std::string(1'000'000, 'x'))) +
                     frame(final_bit | text, "late"),
                 "1009");
}

TEST(CompressedMessages, TakeTheirMemoryBackUpAfterARelease) {
  Deflater peer(15, ContextTakeover::on);
  ParserPool parsers;
  MessageReader reader(parsers, {limit, 0}, Inflater(15, ContextTakeover::on));
  std::vector<Message> messages;
  const auto send = [&](std::string_view data) {
    reader.feed(frame(final_bit | compressed | text, data), messages);
    EXPECT_TRUE(reader.inflated());
  };
  send(peer.compress("the same words twice"));
  reader.release_memory();
  send(peer.compress("the same words twice"));
  // Not within a message.
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

TEST(CompressedMessages, AreNotInflatedWhenTheyWillBeDropped) {
  ParserPool parsers;
  MessageReader reader(parsers, {limit, 0}, Inflater(15, ContextTakeover::on));
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

TEST(CompressedMessages, AreRefusedWhereTheyWereNotAgreedOn) {
  ParserPool parsers;
  MessageReader reader(parsers, {limit, 0});
  std::vector<Message> messages;
  reader.feed(frame(final_bit | compressed | text, deflated("x")), messages);
  EXPECT_EQ(reader.take_output(), failure(1002));
}

// --- Limits ---

TEST(MessageReader, RefusesALargeFrameByItsHeader) {
  for (const unsigned first : {final_bit | binary, binary}) {
    ParserPool parsers;
    MessageReader reader(parsers, {limit, 10}, Inflater(15, ContextTakeover::on));
    std::vector<Message> messages;
    reader.feed(frame(first, std::string(11, 'x')).substr(0, 7), messages);
    EXPECT_EQ(reader.take_output(), close_answer(1009, "frame too big"));
  }
  ParserPool parsers;
  MessageReader reader(parsers, {limit, 10});
  std::vector<Message> messages;
  reader.feed(frame(binary, std::string(10, 'x')) +
                  frame(final_bit | continuation, std::string(10, 'y')) +
                  frame(final_bit | ping, std::string(125, 'p')),
              messages);
  EXPECT_EQ(reader.state(), open);
  EXPECT_EQ(messages.size(), 1U);
}

TEST(CompressedMessages, MayGrowALittleBeyondTheLimitOfAFrame) {
  std::mt19937 random(1);
  std::string noise;
  for (std::size_t i = 0; i < limit; ++i) noise += static_cast<char>(random());
  const std::string data = deflated(noise);
  ASSERT_GT(data.size(), limit);
  ParserPool parsers;
  MessageReader reader(parsers, {limit, limit}, Inflater(15, ContextTakeover::on));
  std::vector<Message> messages;
  reader.feed(frame(final_bit | compressed | binary, data), messages);
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].payload, noise);
  reader.feed(frame(compressed | binary, std::string(limit + limit / 8 + 65, 'x')), messages);
  EXPECT_EQ(reader.take_output(), close_answer(1009, "frame too big"));
}

TEST(MessageReader, HasNoLimitsWhenTheyAreZero) {
  ParserPool parsers;
  MessageReader reader(parsers, {0, 0});
  std::vector<Message> messages;
  const std::string large(60'000, 'x');
  for (int i = 0; i < 50; ++i) reader.feed(frame(i == 0 ? binary : continuation, large), messages);
  reader.feed(frame(final_bit | continuation, ""), messages);
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].payload.size(), 50 * large.size());
}

TEST(MessageReader, TakesTheLargestFrameThatCanBeAnnounced) {
  const std::string start = std::string("\x82\xff\x7f") + std::string(7, '\xff') + "mask payload";
  ParserPool parsers;
  MessageReader limited(parsers, {limit, limit});
  std::vector<Message> messages;
  limited.feed(start, messages);
  EXPECT_EQ(limited.take_output(), close_answer(1009, "frame too big"));
  MessageReader unlimited(parsers, {0, 0});
  unlimited.feed(start, messages);
  EXPECT_EQ(unlimited.state(), open);
}

TEST(MessageReader, SendsPings) {
  ParserPool parsers;
  MessageReader reader(parsers, {limit, 0});
  reader.ping();
  EXPECT_EQ(reader.take_output(), unmasked(final_bit | ping, ""));
  reader.close(1000, "");
  reader.take_output();
  reader.ping();
  EXPECT_EQ(reader.take_output(), "");
}

// --- Memory ---

TEST(MessageReader, HoldsAParserOnlyWithinAMessage) {
  ParserPool parsers;
  MessageReader reader(parsers, {limit, 0});
  std::vector<Message> messages;
  const std::string input = frame(text, "a") + frame(final_bit | ping, "p") +
                            frame(continuation, std::string(200, 'b')) +
                            frame(final_bit | continuation, "");
  for (std::size_t i = 0; i < input.size(); ++i) {
    reader.feed(input.substr(i, 1), messages);
    EXPECT_EQ(parsers.size(), i + 1 == input.size() ? 1U : 0U) << "after byte " << i;
  }
  for (int i = 0; i < 3; ++i) {
    reader.feed(frame(final_bit | text, "again"), messages);
    EXPECT_EQ(parsers.size(), 1U);
  }
  EXPECT_EQ(messages.size(), 4U);
}

TEST(MessageReader, ReadersShareTheirParsers) {
  ParserPool parsers;
  MessageReader plain(parsers, {limit, 0});
  MessageReader inflating(parsers, {limit, 0}, Inflater(15, ContextTakeover::on));
  std::vector<Message> messages;
  inflating.feed(frame(final_bit | compressed | text, deflated("x")), messages);
  plain.feed(frame(final_bit | text, "y"), messages);
  EXPECT_EQ(parsers.size(), 1U);
  EXPECT_EQ(messages.size(), 2U);
  // Each with its own rules.
  plain.feed(frame(final_bit | compressed | text, deflated("x")), messages);
  EXPECT_EQ(plain.state(), closed);
  // What a peer has spoiled is not used again.
  EXPECT_EQ(parsers.size(), 0U);
  inflating.feed(frame(final_bit | compressed | text, deflated("x")), messages);
  EXPECT_EQ(messages.size(), 3U);
}

}  // namespace
}  // namespace sioserve::ws
