#include "server/processes/allowance.h"

#include <gtest/gtest.h>

#include <string>

namespace sioserve::processes {
namespace {

Command define(std::size_t bytes) {
  return SocketIoCommand(DefineRelays{RelaysId{1}, {{std::string(bytes, 'e'), Relay{}}}});
}

TEST(Allowance, RelaysHaveALimitTogether) {
  Allowance allowance;
  const std::size_t half = Allowance::max_relay_bytes / 2;
  EXPECT_EQ(allowance.take(define(half - 1'000)), std::nullopt);
  EXPECT_EQ(allowance.take(define(half - 1'000)), std::nullopt);
  EXPECT_EQ(allowance.take(define(3'000)), "it has defined more than 64 MB of relays");
}

TEST(Allowance, NamespacesThatAreWatchedHaveALimitAtTheSameTime) {
  Allowance allowance;
  const auto name = [](std::size_t number) { return "/" + std::to_string(number); };
  for (std::size_t i = 0; i < Allowance::max_watched; ++i) {
    ASSERT_EQ(allowance.take(SocketIoCommand(WatchRooms{name(i)})), std::nullopt);
  }
  EXPECT_EQ(allowance.take(SocketIoCommand(WatchRooms{name(0)})), std::nullopt) << "known";
  EXPECT_EQ(allowance.take(SocketIoCommand(UnwatchRooms{name(0)})), std::nullopt);
  EXPECT_EQ(allowance.take(SocketIoCommand(WatchRooms{"/new"})), std::nullopt);
  EXPECT_NE(allowance.take(SocketIoCommand(WatchRooms{"/another"})), std::nullopt);
}

TEST(Allowance, OtherCommandsLeaveNothing) {
  Allowance allowance;
  const Command join = SocketIoCommand(SocketJoin{SocketId{1}, std::string(1'000'000, 'r')});
  for (int i = 0; i < 100; ++i) EXPECT_EQ(allowance.take(join), std::nullopt);
}

TEST(Allowance, ClientsThatHaveGoneAreReleasedSomeTime) {
  EXPECT_EQ(Allowance::judge_leaving(Allowance::max_leaving), std::nullopt);
  EXPECT_NE(Allowance::judge_leaving(Allowance::max_leaving + 1), std::nullopt);
}

}  // namespace
}  // namespace sioserve::processes
