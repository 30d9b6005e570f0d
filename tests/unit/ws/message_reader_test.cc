#include "server/ws/message_reader.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/ws/frames.h"

namespace sioserve::ws {
namespace {

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

constexpr auto open = MessageReader::State::open;
constexpr auto closed = MessageReader::State::closed;

// Read without wslay: 300 bytes.
const std::string whole(299, 'x');
const std::string large_text = whole.substr(0, 297) + "\xe2\x82\xac";

const std::vector<Case> cases = {
    {"large_messages",
     frame(final_bit | text, large_text) + frame(final_bit | binary, whole + "\xff"),
     {"t:" + large_text, "b:" + whole + "\xff"},
     "",
     open,
     1006},
    {"large_between_small_ones",
     frame(final_bit | text, "a") + frame(final_bit | text, whole) + frame(final_bit | ping, "p") +
         frame(final_bit | text, whole) + frame(final_bit | text, "b"),
     {"t:a", "t:" + whole, "t:" + whole, "t:b"},
     unmasked(final_bit | pong, "p"),
     open,
     1006},
    {"large_fragments",
     frame(text, whole) + frame(final_bit | continuation, whole),
     {"t:" + whole + whole},
     "",
     open,
     1006},
    {"large_invalid_text",
     frame(final_bit | text, whole + "\xff") + frame(final_bit | text, "dropped"),
     {},
     failure(1007),
     closed,
     1006},
    {"large_text_cut_within_a_character",
     frame(final_bit | text, large_text.substr(0, 299)),
     {},
     failure(1007),
     closed,
     1006},
    {"large_unmasked", unmasked(final_bit | text, whole), {}, failure(1002), closed, 1006},
    {"large_with_a_reserved_bit",
     frame(final_bit | 0x40 | text, whole),
     {},
     failure(1002),
     closed,
     1006},
    {"large_then_close",
     frame(final_bit | text, whole) + close_frame(1000),
     {"t:" + whole},
     close_answer(1000, ""),
     closed,
     1000},
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
     unmasked(final_bit | close_opcode, code(4001) + "bye"),
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
     close_answer(1000, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80!"),
     closed,
     1000},
    {"close_with_characters_within_a_message",
     frame(text, "a\xc3") + close_frame(1000, "\xc3\xa4\xe2\x82\xac.") + frame(text, "late"),
     {},
     close_answer(1000, "\xc3\xa4\xe2\x82\xac."),
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
     1009},
    {"fragments_too_big",
     frame(final_bit | text, "first") + frame(binary, std::string(limit, 'x')) +
         frame(continuation, "y") + frame(final_bit | continuation, "z"),
     {"t:first"},
     failure(1009),
     closed,
     1009},
    {"message_of_the_maximum_size",
     frame(binary, std::string(limit - 1, 'x')) + frame(final_bit | continuation, "y"),
     {"b:" + std::string(limit - 1, 'x') + "y"},
     "",
     open,
     1006},
};

TEST(MessageReader, DropsTheRestOfALargeMessageAfterClose) {
  ParserPool parsers;
  MessageReader reader(parsers, {limit, 0});
  std::vector<Message> messages;
  const std::string input = frame(final_bit | text, whole) + close_frame(1000);
  reader.feed(std::string_view(input).substr(0, 100), messages);
  reader.close(1001, "");
  reader.feed(std::string_view(input).substr(100), messages);
  EXPECT_TRUE(messages.empty());
  EXPECT_EQ(reader.state(), closed);
}

INSTANTIATE_TEST_SUITE_P(Frames, MessageReaderCase, testing::ValuesIn(cases), name_of);

TEST(MessageReader, ReportsThePeersFault) {
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
TEST(MessageReader, ReadsAReasonThatIsSplitAcrossInputs) {
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

TEST(MessageReader, RefusesAFrameBeforeItsPayloadArrives) {
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

TEST(MessageReader, SendsOnlyCodesThatAreAllowedInAFrame) {
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

TEST(MessageReader, HandlesManyTinyFragments) {
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

// --- Limits ---

TEST(MessageReader, RefusesALargeFrameByItsHeader) {
  for (const unsigned first : {final_bit | binary, binary}) {
    ParserPool parsers;
    MessageReader reader(parsers, {limit, 10}, std::make_unique<Inflater>(15, ContextTakeover::on));
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

TEST(MessageReader, HandlesTheLargestFrameSize) {
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
  MessageReader inflating(parsers, {limit, 0}, std::make_unique<Inflater>(15, ContextTakeover::on));
  std::vector<Message> messages;
  inflating.feed(frame(final_bit | compressed | text, deflated("x")), messages);
  plain.feed(frame(final_bit | text, "y"), messages);
  EXPECT_EQ(parsers.size(), 1U);
  EXPECT_EQ(messages.size(), 2U);
  // Each reader with its own settings.
  plain.feed(frame(final_bit | compressed | text, deflated("x")), messages);
  EXPECT_EQ(plain.state(), closed);
  // A parser after a peer's fault is not used again.
  EXPECT_EQ(parsers.size(), 0U);
  inflating.feed(frame(final_bit | compressed | text, deflated("x")), messages);
  EXPECT_EQ(messages.size(), 3U);
}

}  // namespace
}  // namespace sioserve::ws
