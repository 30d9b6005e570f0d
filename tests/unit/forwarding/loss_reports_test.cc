#include "server/forwarding/loss_reports.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace sioserve::forwarding {
namespace {

using Lines = std::vector<std::string>;

std::string with_page(const std::string& line) {
  return line + " (docs/scaling.md#when-servers-do-not-reach-each-other)";
}

class LossReportsTest : public testing::Test {
 protected:
  TimePoint after(int seconds) const { return TimePoint{} + Milliseconds{1'000 * seconds}; }
  Lines take() { return std::exchange(lines_, {}); }

  Lines lines_;
  const Logger logger_{[this](LogRecord record) { lines_.push_back(std::move(record.message)); }};
  LossReports reports_{logger_};
};

TEST_F(LossReportsTest, the_same_line_is_logged_once_and_counted_for_a_minute) {
  for (int i = 0; i < 5; ++i) reports_.lost("one", after(i));
  reports_.lost("two", after(5));
  EXPECT_EQ(take(), (Lines{with_page("one"), with_page("two")}));
  reports_.advance(after(59));
  EXPECT_EQ(take(), Lines{});
  reports_.advance(after(60));
  EXPECT_EQ(take(), Lines{"one (4 times more in a minute)"});
  reports_.lost("one", after(61));
  EXPECT_EQ(take(), Lines{});
  reports_.advance(after(120));
  EXPECT_EQ(take(), Lines{"one (1 times more in a minute)"});
}

TEST_F(LossReportsTest, a_line_is_logged_again_after_a_quiet_minute) {
  reports_.lost("one", after(0));
  reports_.advance(after(60));
  reports_.lost("one", after(61));
  EXPECT_EQ(take(), (Lines{with_page("one"), with_page("one")}));
}

TEST_F(LossReportsTest, many_lines_are_counted_together) {
  for (int i = 0; i < 1'000; ++i) reports_.lost(std::to_string(i), after(0));
  const Lines lines = take();
  ASSERT_EQ(lines.size(), LossReports::max_lines + 1);
  EXPECT_EQ(lines.back(), with_page("More inner connections are lost"));
  reports_.lost("5", after(1));
  reports_.advance(after(60));
  EXPECT_EQ(take().size(), 2U) << "of the line 5, and of the others";
}

}  // namespace
}  // namespace sioserve::forwarding
