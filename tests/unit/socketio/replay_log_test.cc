#include "socketio/server/replay_log.h"

#include <gtest/gtest.h>

#include <string>

namespace sioserve::socketio {
namespace {

using parser::Offset;

constexpr Offset start{1000};

ReplayLog::Entry event(std::uint64_t offset, std::size_t bytes = 36) {
  return std::make_shared<const parser::RecordedPacket>(
      parser::RecordedPacket{Offset{offset},
                             share(std::string(bytes, 'x')),
                             {},
                             MessageKind::text,
                             Compression::allowed,
                             bytes});
}

std::vector<std::uint64_t> offsets(const ReplayLog& log) {
  std::vector<std::uint64_t> found;
  log.for_each([&found](const parser::RecordedPacket& packet) {
    found.push_back(static_cast<std::uint64_t>(packet.offset));
  });
  return found;
}

using Offsets = std::vector<std::uint64_t>;

TEST(ReplayLogTest, KeepsEventsThatTheClientMayNotHaveReceived) {
  ReplayLog log(start, 10'000);
  for (std::uint64_t offset : {1001, 1005, 1009}) log.push(event(offset));
  EXPECT_EQ(log.bytes(), 300u);
  log.forget_through(Offset{1006});
  EXPECT_EQ(offsets(log), (Offsets{1009}));
  EXPECT_EQ(log.floor(), Offset{1005});
  log.forget_through(Offset{1006});
  EXPECT_EQ(offsets(log), (Offsets{1009}));
  log.forget_through(Offset{2000});
  EXPECT_TRUE(offsets(log).empty());
  EXPECT_EQ(log.bytes(), 0u);
}

TEST(ReplayLogTest, AClientThatReceivedNothingNeedsAllEvents) {
  ReplayLog log(start, 10'000);
  EXPECT_TRUE(log.can_resume(std::nullopt));
  EXPECT_TRUE(log.can_resume(Offset{7})) << "an event from before its connection";
  log.forget_through(Offset{1004});
  EXPECT_TRUE(log.can_resume(std::nullopt)) << "nothing was removed";
  log.push(event(1005));
  EXPECT_TRUE(log.can_resume(std::nullopt));
  log.forget_through(Offset{1005});
  EXPECT_FALSE(log.can_resume(std::nullopt));
  EXPECT_FALSE(log.can_resume(Offset{7}));
  EXPECT_TRUE(log.can_resume(Offset{1005}));
}

TEST(ReplayLogTest, AClientThatMissesARemovedEventCannotResume) {
  ReplayLog log(start, 10'000);
  for (std::uint64_t offset : {1001, 1002, 1003}) log.push(event(offset));
  log.forget_through(Offset{1002});
  EXPECT_FALSE(log.can_resume(Offset{1001}));
  EXPECT_TRUE(log.can_resume(Offset{1002}));
  EXPECT_TRUE(log.can_resume(Offset{1003}));
  EXPECT_TRUE(log.can_resume(Offset{1500})) << "the client has received an event that is not kept";
}

TEST(ReplayLogTest, AboveTheCapacityTheOldestEventsAreRemoved) {
  ReplayLog log(start, 250);
  for (std::uint64_t offset : {1001, 1002, 1003}) log.push(event(offset));
  EXPECT_EQ(offsets(log), (Offsets{1002, 1003}));
  EXPECT_FALSE(log.can_resume(std::nullopt));
  EXPECT_TRUE(log.can_resume(Offset{1001}));
  log.push(event(1004, 1'000));
  EXPECT_TRUE(offsets(log).empty()) << "one that does not fit";
  EXPECT_EQ(log.floor(), Offset{1004});
}

TEST(ReplayLogTest, ItsMemoryStaysSmallWhileEventsAreAddedAndRemoved) {
  ReplayLog log(start, 1'000);
  for (std::uint64_t offset = 1001; offset < 51'000; ++offset) {
    log.push(event(offset));
    if (offset % 3 == 0) log.forget_through(Offset{offset - 2});
  }
  EXPECT_LE(log.bytes(), 1'000u);
  EXPECT_EQ(offsets(log), (Offsets{50'996, 50'997, 50'998, 50'999}));
}

}  // namespace
}  // namespace sioserve::socketio
