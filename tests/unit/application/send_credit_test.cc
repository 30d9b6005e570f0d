#include "server/application/send_credit.h"

#include <gtest/gtest.h>

#include <optional>
#include <random>

namespace sioserve::application {
namespace {

TEST(SendCreditCounter, GivesCreditInStepsOfAQuarter) {
  SendCreditCounter counter(SendWindow(100));
  counter.sent(60);
  EXPECT_EQ(counter.credit(40), std::nullopt);
  EXPECT_EQ(counter.credit(35), 25U);
  EXPECT_EQ(counter.credit(35), std::nullopt);
  EXPECT_EQ(counter.credit(0), 35U);
}

TEST(SendCreditCounter, CountsBufferedFraming) {
  SendCreditCounter counter(SendWindow(100));
  counter.sent(50);
  EXPECT_EQ(counter.credit(70), std::nullopt);
  EXPECT_EQ(counter.credit(20), 30U);
}

TEST(SendCreditCounter, GivesCreditWithTheSmallestWindow) {
  SendCreditCounter counter(SendWindow(1));
  counter.sent(1);
  EXPECT_EQ(counter.credit(1), std::nullopt);
  EXPECT_EQ(counter.credit(0), 1U);
}

// With random sizes: an application that stops sending above the window always gets credit once the
// kernel has taken everything.
TEST(SendCreditCounter, AlwaysWakesAWaitingApplication) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  constexpr std::size_t window = 1000;
  SendCreditCounter counter{SendWindow(window)};
  std::size_t in_flight = 0;
  std::size_t buffered = 0;
  for (int round = 0; round < 10'000; ++round) {
    while (in_flight <= window) {
      const std::size_t bytes = random() % 700;
      counter.sent(bytes);
      in_flight += bytes;
      buffered += bytes;
    }
    while (buffered > 0) {
      buffered -= 1 + random() % buffered;
      const std::size_t credit = counter.credit(buffered).value_or(0);
      ASSERT_LE(credit, in_flight);
      in_flight -= credit;
    }
    ASSERT_LE(in_flight, window);
  }
}

}  // namespace
}  // namespace sioserve::application
