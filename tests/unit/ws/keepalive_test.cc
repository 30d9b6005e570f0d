#include "server/ws/keepalive.h"

#include <gtest/gtest.h>

namespace sioserve::ws {
namespace {

using Action = Keepalive::Action;

constexpr Milliseconds interval{20'000};
constexpr Milliseconds timeout{30'000};
constexpr Milliseconds moment{1};

struct KeepaliveTest : testing::Test {
  TimePoint now{std::chrono::hours(1)};

  Action later(Keepalive& keepalive, Milliseconds time) {
    now += time;
    return keepalive.advance(now);
  }
};

TEST_F(KeepaliveTest, PingsASilentPeerAndThenClosesIt) {
  Keepalive keepalive(interval, timeout, now);
  EXPECT_EQ(keepalive.deadline(), now + interval);
  EXPECT_EQ(later(keepalive, interval - moment), Action::none);
  EXPECT_EQ(later(keepalive, moment), Action::ping);
  EXPECT_EQ(keepalive.deadline(), now + timeout);
  EXPECT_EQ(later(keepalive, timeout - moment), Action::none);
  EXPECT_EQ(later(keepalive, moment), Action::give_up);
  EXPECT_EQ(keepalive.deadline(), TimePoint::max());
}

TEST_F(KeepaliveTest, AnyDataDelaysThePing) {
  Keepalive keepalive(interval, timeout, now);
  now += interval - moment;
  keepalive.heard(now);
  EXPECT_EQ(later(keepalive, moment), Action::none);
  EXPECT_EQ(later(keepalive, interval), Action::ping);
}

TEST_F(KeepaliveTest, AnyDataAnswersThePing) {
  Keepalive keepalive(interval, timeout, now);
  EXPECT_EQ(later(keepalive, interval), Action::ping);
  keepalive.heard(now);
  EXPECT_EQ(later(keepalive, interval), Action::ping);
}

TEST_F(KeepaliveTest, WithoutAnIntervalNothingIsSent) {
  const Keepalive keepalive(Milliseconds(0), timeout, now);
  EXPECT_EQ(keepalive.deadline(), TimePoint::max());
}

TEST_F(KeepaliveTest, WithoutATimeoutNoPeerIsClosed) {
  Keepalive keepalive(interval, Milliseconds(0), now);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(later(keepalive, interval), Action::ping);
}

TEST_F(KeepaliveTest, APeerThatIsNotReadIsPingedButNotClosed) {
  Keepalive keepalive(interval, timeout, now);
  EXPECT_EQ(later(keepalive, interval), Action::ping);
  keepalive.pause();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(later(keepalive, timeout), Action::ping);
  keepalive.resume(now);
  EXPECT_EQ(keepalive.deadline(), now + interval);
  EXPECT_EQ(later(keepalive, interval), Action::ping);
  EXPECT_EQ(later(keepalive, timeout), Action::give_up);
}

}  // namespace
}  // namespace sioserve::ws
