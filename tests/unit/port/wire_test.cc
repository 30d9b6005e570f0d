#include "server/port/wire.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "server/base/file_part.h"
#include "tests/unit/port/message_samples.h"

namespace sioserve::port {
namespace {

std::vector<FileDescriptor> duplicates(const std::vector<int>& descriptors) {
  std::vector<FileDescriptor> made;
  for (const int descriptor : descriptors) made.emplace_back(::dup(descriptor));
  return made;
}

Result<Event, WireError> decode(const WireMessage& wire, const Event*) {
  return decode_event(wire.bytes, duplicates(wire.descriptors));
}

Result<Command, WireError> decode(const WireMessage& wire, const Command*) {
  return decode_command(wire.bytes, duplicates(wire.descriptors));
}

Result<Answer, WireError> decode(const WireMessage& wire, const Answer*) {
  return decode_answer(wire.bytes);
}

template <typename Message>
void expect_round_trip(const Message& message) {
  WireMessage wire;
  encode(message, wire);
  const auto decoded = decode(wire, &message);
  ASSERT_TRUE(decoded) << "error " << static_cast<int>(decoded.error());
  WireMessage again;
  encode(*decoded, again);
  EXPECT_EQ(again.bytes, wire.bytes);
  EXPECT_EQ(decoded->index(), message.index());
  // Shorter or longer bytes are not a message.
  for (std::size_t size = 0; size < wire.bytes.size(); ++size) {
    const WireMessage cut{wire.bytes.substr(0, size), wire.descriptors};
    ASSERT_FALSE(decode(cut, &message)) << "cut to " << size << " bytes";
  }
  wire.bytes.push_back('\0');
  const auto longer = decode(wire, &message);
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error(), WireError::trailing_bytes);
}

TEST(Wire, CarriesEveryEventWithEveryField) {
  std::size_t count = 0;
  for_each_event_kind(Fill::samples, [&](const Event& event) {
    SCOPED_TRACE("event " + std::to_string(count++));
    expect_round_trip(event);
  });
  EXPECT_GT(count, 20U);
}

TEST(Wire, CarriesEveryCommandWithEveryField) {
  std::size_t count = 0;
  for_each_command_kind(Fill::samples, [&](const Command& command) {
    SCOPED_TRACE("command " + std::to_string(count++));
    expect_round_trip(command);
  });
  EXPECT_GT(count, 25U);
}

TEST(Wire, CarriesEveryAnswer) {
  for_each_answer_kind([](const Answer& answer) { expect_round_trip(answer); });
}

TEST(Wire, CarriesEveryQuestion) {
  for_each_question_kind([](Question question) {
    expect_round_trip(Command(Ask{QuestionId{7}, std::move(question)}));
  });
}

TEST(Wire, CarriesEmptyMessages) {
  for_each_event_kind(Fill::nothing, [](const Event& event) { expect_round_trip(event); });
  for_each_command_kind(Fill::nothing, [](const Command& command) { expect_round_trip(command); });
}

TEST(Wire, KeepsWhatTheFieldsSay) {
  WireMessage wire;
  encode(Event(WebSocketMessage{StreamId{7}, MessageKind::binary, std::string("a\0b", 3)}), wire);
  const auto decoded = decode_event(wire.bytes, {});
  ASSERT_TRUE(decoded);
  const auto* message = get_message<WebSocketMessage>(*decoded);
  ASSERT_NE(message, nullptr);
  EXPECT_EQ(message->stream, StreamId{7});
  EXPECT_EQ(message->kind, MessageKind::binary);
  EXPECT_EQ(message->payload, std::string("a\0b", 3));
}

TEST(Wire, CarriesAFileByItsDescriptor) {
  auto file = std::make_shared<OpenFile>();
  file->descriptor = FileDescriptor(::open("/proc/self/stat", O_RDONLY | O_CLOEXEC));
  file->path = "/proc/self/stat";
  ASSERT_GE(file->descriptor.get(), 0);
  const Command command = HttpRespondFile{StreamId{1}, {200, {}}, {file, 5, 10}, false};
  WireMessage wire;
  encode(command, wire);
  ASSERT_EQ(wire.descriptors.size(), 1U);
  const auto decoded = decode_command(wire.bytes, duplicates(wire.descriptors));
  ASSERT_TRUE(decoded);
  const FilePart& part = get_message<HttpRespondFile>(*decoded)->file;
  EXPECT_EQ(part.file->path, "/proc/self/stat");
  EXPECT_EQ(part.offset, 5U);
  EXPECT_NE(part.file->descriptor.get(), file->descriptor.get());
  char byte;
  EXPECT_EQ(::read(part.file->descriptor.get(), &byte, 1), 1);
  const auto without = decode_command(wire.bytes, {});
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error(), WireError::missing_descriptor);
}

TEST(Wire, RefusesUnknownGroupsAlternativesAndValues) {
  EXPECT_EQ(decode_event("\xff", {}).error(), WireError::unknown_message);
  EXPECT_EQ(decode_event(std::string("\0\xff", 2), {}).error(), WireError::unknown_message);
  WireMessage wire;
  encode(Event(HttpBody{StreamId{1}, "", true}), wire);
  wire.bytes.back() = 2;  // of more_body
  EXPECT_EQ(decode_event(wire.bytes, {}).error(), WireError::bad_value);
}

// Almost valid messages: each is refused, or can be encoded again.
TEST(Wire, TakesAnyBytes) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for_each_event_kind(Fill::samples, [&](const Event& event) {
    for (int round = 0; round < 50; ++round) {
      WireMessage wire;
      encode(event, wire);
      for (int change = 0; change < 3; ++change) {
        wire.bytes[random() % wire.bytes.size()] = static_cast<char>(random());
      }
      const auto decoded = decode_event(wire.bytes, {});
      if (!decoded) continue;
      WireMessage again;
      encode(*decoded, again);
    }
  });
}

}  // namespace
}  // namespace sioserve::port
