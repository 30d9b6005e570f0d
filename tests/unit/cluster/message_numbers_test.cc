#include "socketio/cluster/message_numbers.h"

#include <gtest/gtest.h>

#include <string>

namespace sioserve::socketio::cluster {
namespace {

constexpr Milliseconds long_time{700'000};

TEST(SentNumbers, count_each_channel_from_one) {
  SentNumbers numbers;
  EXPECT_EQ(numbers.next("a"), 1U);
  EXPECT_EQ(numbers.next("a"), 2U);
  EXPECT_EQ(numbers.next("b"), 1U);
  EXPECT_EQ(numbers.next("a"), 3U);
}

TEST(SentNumbers, begin_again_on_a_channel_that_was_not_used_for_long) {
  SentNumbers numbers;
  TimePoint now{};
  numbers.advance(now);
  numbers.next("old");
  numbers.next("used");
  for (int period = 0; period < 2; ++period) {
    now += long_time;
    numbers.advance(now);
    numbers.next("used");
  }
  EXPECT_EQ(numbers.next("used"), 4U);
  EXPECT_EQ(numbers.next("old"), 1U);
}

TEST(SentNumbers, end_with_the_limit_on_channels) {
  SentNumbers numbers;
  numbers.next("first");
  for (std::size_t i = 1; i < RecentChannels<int>::max_channels; ++i) {
    EXPECT_TRUE(numbers.next(std::to_string(i)));
  }
  EXPECT_FALSE(numbers.next("one more"));
  EXPECT_EQ(numbers.next("first"), 2U);
}

TEST(ReceivedNumbers, tell_how_many_are_missing) {
  ReceivedNumbers numbers;
  EXPECT_EQ(numbers.arrive("a", "x", 5), 0U) << "the first one";
  EXPECT_EQ(numbers.arrive("a", "x", 6), 0U);
  EXPECT_EQ(numbers.arrive("a", "x", 9), 2U);
  EXPECT_EQ(numbers.arrive("a", "x", 10), 0U);
  EXPECT_EQ(numbers.arrive("a", "y", 20), 0U) << "another sender";
  EXPECT_EQ(numbers.arrive("b", "x", 30), 0U) << "another channel";
}

TEST(ReceivedNumbers, a_smaller_number_begins_again) {
  ReceivedNumbers numbers;
  numbers.arrive("a", "x", 9);
  EXPECT_EQ(numbers.arrive("a", "x", 1), 0U);
  EXPECT_EQ(numbers.arrive("a", "x", 3), 1U);
}

TEST(ReceivedNumbers, what_is_published_without_a_subscription_is_not_missing) {
  ReceivedNumbers numbers;
  numbers.arrive("a", "x", 1);
  numbers.forget("a");
  EXPECT_EQ(numbers.arrive("a", "x", 100), 0U);
}

}  // namespace
}  // namespace sioserve::socketio::cluster
