#include "server/base/clock.h"

#include <gtest/gtest.h>

namespace sioserve {
namespace {

constexpr TimePoint now{Milliseconds{1'000}};

TEST(DeadlineAfter, IsTheTimeFromNowOn) {
  EXPECT_EQ(deadline_after(now, Milliseconds{5}), TimePoint{Milliseconds{1'005}});
}

TEST(DeadlineAfter, IsNeverForNoTimeAndForTimesThatWouldOverflow) {
  EXPECT_EQ(deadline_after(now, Milliseconds{0}), TimePoint::max());
  EXPECT_EQ(deadline_after(now, Milliseconds{-1}), TimePoint::max());
  EXPECT_EQ(deadline_after(now, Milliseconds::max()), TimePoint::max());
  EXPECT_EQ(deadline_after(TimePoint::max(), Milliseconds{5}), TimePoint::max());
  EXPECT_EQ(deadline_after(TimePoint::max() - Milliseconds{4}, Milliseconds{5}), TimePoint::max());
}

}  // namespace
}  // namespace sioserve
