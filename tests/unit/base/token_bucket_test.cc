#include "server/base/token_bucket.h"

#include <gtest/gtest.h>

namespace sioserve {
namespace {

using std::chrono::seconds;

struct TokenBucketTest : testing::Test {
  TimePoint now{std::chrono::hours(1)};
};

TEST_F(TokenBucketTest, HoldsTheTokensOfOneSecondAtFirst) {
  TokenBucket bucket(10);
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(bucket.empty(now)) << i;
    bucket.take(1, now);
  }
  EXPECT_TRUE(bucket.empty(now));
}

TEST_F(TokenBucketTest, FillsUpAtItsRateAndNoFurther) {
  TokenBucket bucket(10);
  bucket.take(10, now);
  EXPECT_TRUE(bucket.empty(now + Milliseconds(99)));
  EXPECT_FALSE(bucket.empty(now + Milliseconds(101)));
  EXPECT_EQ(std::chrono::round<Milliseconds>(bucket.ready_at() - now), Milliseconds(100));
  EXPECT_FALSE(bucket.full(now + Milliseconds(999)));
  EXPECT_TRUE(bucket.full(now + Milliseconds(1001)));
  now += seconds(100);
  bucket.take(9, now);
  EXPECT_FALSE(bucket.empty(now));
  bucket.take(1, now);
  EXPECT_TRUE(bucket.empty(now)) << "what was not used is not kept";
}

TEST_F(TokenBucketTest, ExcessTokensDelayTheNextOnes) {
  TokenBucket bucket(1000);
  bucket.take(5000, now);
  EXPECT_TRUE(bucket.empty(now + Milliseconds(3999)));
  EXPECT_FALSE(bucket.empty(now + Milliseconds(4002)));
}

TEST_F(TokenBucketTest, HasItsRateInTheLongRun) {
  TokenBucket bucket(70);
  int taken = 0;
  for (int tick = 0; tick < 500; ++tick, now += Milliseconds(20)) {
    for (; !bucket.empty(now); ++taken) bucket.take(1, now);
  }
  EXPECT_NEAR(taken, 70 + 700, 2);
}

TEST_F(TokenBucketTest, WithoutALimitItIsNeverEmpty) {
  TokenBucket bucket(0);
  bucket.take(1'000'000'000'000, now);
  EXPECT_FALSE(bucket.empty(now));
  EXPECT_TRUE(bucket.full(now));
}

}  // namespace
}  // namespace sioserve
