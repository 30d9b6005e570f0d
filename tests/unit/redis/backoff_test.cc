#include "server/redis/backoff.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace sioserve::redis {
namespace {

std::vector<Milliseconds> delays(std::uint_fast32_t seed, int count) {
  Backoff backoff(seed);
  std::vector<Milliseconds> found;
  for (int i = 0; i < count; ++i) found.push_back(backoff.next());
  return found;
}

TEST(Backoff, DoublesUpToTheLongestDelayWithARandomHalf) {
  for (std::uint_fast32_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    Milliseconds whole = Backoff::shortest;
    for (const Milliseconds delay : delays(seed, 12)) {
      EXPECT_GE(delay, whole / 2);
      EXPECT_LE(delay, whole);
      whole = std::min(2 * whole, Backoff::longest);
    }
  }
}

TEST(Backoff, DiffersBetweenServers) {
  std::vector<std::vector<Milliseconds>> found;
  for (std::uint_fast32_t seed = 1; seed <= 100; ++seed) {
    found.push_back(delays(seed, 6));
    EXPECT_EQ(std::ranges::count(found, found.back()), 1) << seed;
  }
}

// RedisBus waits that long for the other servers after an outage.
TEST(Backoff, ADelayIsAtMostTwiceTheTimeBeforeItAndTheShortestOne) {
  for (std::uint_fast32_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    Milliseconds before{0};
    for (const Milliseconds delay : delays(seed, 12)) {
      EXPECT_LE(delay, 2 * before + Backoff::shortest);
      before += delay;
    }
  }
}

TEST(Backoff, BeginsAnewAfterAReset) {
  Backoff backoff(1);
  for (int i = 0; i < 5; ++i) backoff.next();
  backoff.reset();
  EXPECT_LE(backoff.next(), Backoff::shortest);
}

}  // namespace
}  // namespace sioserve::redis
