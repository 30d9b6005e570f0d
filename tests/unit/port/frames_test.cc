#include "server/port/frames.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/base/file_part.h"
#include "tests/unit/port/message_samples.h"

namespace sioserve::port {
namespace {

using Added = FrameWriter::Added;

std::vector<FileDescriptor> duplicates(std::span<const int> descriptors) {
  std::vector<FileDescriptor> made;
  for (const int descriptor : descriptors) made.emplace_back(::dup(descriptor));
  return made;
}

// Carries everything over, at most `step` bytes at a time, as the kernel would.
template <typename Message>
std::vector<Message> carry(FrameWriter& writer, FrameReader<Message>& reader, std::size_t step) {
  std::vector<Message> messages;
  while (!writer.empty()) {
    const FrameWriter::Part part = writer.next();
    const std::string bytes(part.bytes.substr(0, step));
    reader.feed(bytes, duplicates(part.descriptors));
    writer.sent(bytes.size());
    for (;;) {
      auto message = reader.next();
      EXPECT_TRUE(message) << describe(message.error());
      if (!message || !*message) break;
      messages.push_back(std::move(**message));
    }
  }
  return messages;
}

std::string bytes_of(const Event& event) {
  WireMessage wire;
  encode(event, wire);
  return wire.bytes;
}

std::string bytes_of(const Command& command) {
  WireMessage wire;
  encode(command, wire);
  return wire.bytes;
}

HttpRespondFile file_response(std::uint64_t stream) {
  auto file = std::make_shared<OpenFile>();
  file->descriptor = FileDescriptor(::open("/proc/self/stat", O_RDONLY | O_CLOEXEC));
  return HttpRespondFile{StreamId{stream}, {200, {}}, {file, 0, 10}, false};
}

std::string frame(std::uint32_t length, std::string_view rest) {
  std::string bytes(sizeof length, '\0');
  std::memcpy(bytes.data(), &length, sizeof length);
  return bytes.append(rest);
}

FrameError error_of(std::string_view bytes) {
  FrameReader<Command> reader;
  reader.feed(bytes);
  const auto message = reader.next();
  EXPECT_FALSE(message);
  const auto again = reader.next();
  EXPECT_FALSE(again) << "an error is final";
  return message ? FrameError{} : message.error();
}

TEST(Frames, CarryEveryEventInPartsOfAnySize) {
  for (const std::size_t step : {1UL, 3UL, 100UL, 1'000'000UL}) {
    std::vector<std::string> sent;
    FrameWriter writer;
    FrameReader<ToPython> reader;
    for_each_event_kind(Fill::samples, [&](const Event& event) {
      sent.push_back(bytes_of(event));
      EXPECT_EQ(writer.add(event), Added::yes);
    });
    const auto received = carry(writer, reader, step);
    ASSERT_EQ(received.size(), sent.size());
    for (std::size_t i = 0; i < sent.size(); ++i) {
      EXPECT_EQ(bytes_of(std::get<Event>(received[i])), sent[i]);
    }
    EXPECT_EQ(reader.buffered(), 0U);
  }
}

TEST(Frames, CarryEveryCommandInPartsOfAnySize) {
  for (const std::size_t step : {1UL, 3UL, 100UL, 1'000'000UL}) {
    std::vector<std::string> sent;
    FrameWriter writer;
    FrameReader<Command> reader;
    for_each_command_kind(Fill::samples, [&](Command command) {
      sent.push_back(bytes_of(command));
      EXPECT_EQ(writer.add(command), Added::yes);
    });
    const auto received = carry(writer, reader, step);
    ASSERT_EQ(received.size(), sent.size());
    for (std::size_t i = 0; i < sent.size(); ++i) EXPECT_EQ(bytes_of(received[i]), sent[i]);
  }
}

TEST(Frames, CarryAnswersWithTheirQuestions) {
  FrameWriter writer;
  FrameReader<ToPython> reader;
  writer.add(QuestionId{7}, Answer(Membership::Answer{3, true}));
  const auto received = carry(writer, reader, 100);
  ASSERT_EQ(received.size(), 1U);
  const auto& answered = std::get<QuestionAnswered>(received[0]);
  EXPECT_EQ(answered.question, QuestionId{7});
  EXPECT_EQ(std::get<RoomCount>(answered.answer).rooms, 3U);
}

TEST(Frames, KeepDescriptorsWithTheirMessages) {
  for (const std::size_t step : {1UL, 7UL, 1'000'000UL}) {
    FrameWriter writer;
    FrameReader<Command> reader;
    std::vector<std::string> paths;
    for (std::uint64_t i = 1; i <= 12; ++i) {
      Command command = i % 3 == 0 ? Command(HttpFail{StreamId{i}}) : Command(file_response(i));
      writer.add(command);
    }
    const auto received = carry(writer, reader, step);
    ASSERT_EQ(received.size(), 12U);
    for (std::uint64_t i = 1; i <= 12; ++i) {
      const auto* file = get_message<HttpRespondFile>(received[i - 1]);
      ASSERT_EQ(file != nullptr, i % 3 != 0);
      if (file == nullptr) continue;
      EXPECT_EQ(file->stream, StreamId{i});
      char byte;
      EXPECT_EQ(::read(file->file.file->descriptor.get(), &byte, 1), 1);
    }
  }
}

TEST(Frames, GiveNoFrameTheDescriptorsOfAnother) {
  FrameWriter writer;
  Command first = file_response(1), second = file_response(2);
  writer.add(first);
  writer.add(second);
  const std::string one(writer.next().bytes);
  writer.sent(one.size());
  FrameReader<Command> reader;
  // The descriptor of the first was lost, and the second arrives with its end.
  std::vector<FileDescriptor> lost(1);
  reader.feed(std::string_view(one).substr(0, 5), std::move(lost));
  EXPECT_FALSE(*reader.next());
  reader.feed(one.substr(5) + std::string(writer.next().bytes),
              duplicates(writer.next().descriptors));
  for (const bool has_descriptor : {false, true}) {
    const auto message = reader.next();
    ASSERT_TRUE(message && *message);
    const int descriptor = get_message<HttpRespondFile>(**message)->file.file->descriptor.get();
    EXPECT_EQ(descriptor >= 0, has_descriptor);
  }
}

TEST(Frames, SendAPartUpToTheNextDescriptors) {
  FrameWriter writer;
  Command first = HttpFail{StreamId{1}}, second = file_response(2), third = file_response(3);
  writer.add(first);
  writer.add(second);
  writer.add(third);
  EXPECT_TRUE(writer.next().descriptors.empty());
  writer.sent(writer.next().bytes.size());
  EXPECT_EQ(writer.next().descriptors.size(), 1U);
  writer.sent(5);
  EXPECT_TRUE(writer.next().descriptors.empty()) << "they went with the first byte";
  writer.sent(writer.next().bytes.size());
  EXPECT_EQ(writer.next().descriptors.size(), 1U);
  writer.sent(writer.next().bytes.size());
  EXPECT_TRUE(writer.empty());
}

TEST(Frames, GiveBackTheMemoryOfABurst) {
  FrameWriter writer;
  FrameReader<ToPython> reader;
  for (int i = 0; i < 100; ++i) writer.add(HttpBody{StreamId{1}, std::string(100'000, 'x'), true});
  EXPECT_EQ(carry(writer, reader, 65'536).size(), 100U);
  EXPECT_EQ(writer.size(), 0U);
  EXPECT_EQ(reader.buffered(), 0U);
}

TEST(Frames, RefuseAMessageThatIsTooLarge) {
  FrameWriter writer;
  writer.add(HttpDisconnect{StreamId{1}});
  const std::size_t before = writer.size();
  EXPECT_EQ(writer.add(HttpBody{StreamId{1}, std::string(max_frame, 'x'), true}), Added::too_large);
  EXPECT_EQ(writer.size(), before);
}

TEST(Frames, RefuseHostileBytes) {
  EXPECT_EQ(error_of(frame(0xffffffff, "")), FrameError::too_large);
  EXPECT_EQ(error_of(frame(0, "")), FrameError::too_short);
  EXPECT_EQ(error_of(frame(1, "\x01")), FrameError::too_short);
  EXPECT_EQ(error_of(frame(2, std::string("\x09\0", 2))), FrameError::unknown_kind);
  EXPECT_EQ(error_of(frame(2, std::string("\x00\0", 2))), FrameError::unknown_kind)
      << "an event comes from the I/O process only";
  EXPECT_EQ(error_of(frame(2, std::string("\x01\0", 2))), FrameError::bad_message);
  EXPECT_EQ(error_of(frame(2, std::string("\x01\x01", 2))), FrameError::missing_descriptor);
}

TEST(Frames, RefuseDescriptorsThatNoMessageTakes) {
  FrameReader<Command> reader;
  for (std::size_t i = 0; i <= max_frame_descriptors; ++i) {
    std::vector<FileDescriptor> one;
    one.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    reader.feed({}, std::move(one));
  }
  const auto message = reader.next();
  ASSERT_FALSE(message);
  EXPECT_EQ(message.error(), FrameError::unwanted_descriptors);
}

}  // namespace
}  // namespace sioserve::port
