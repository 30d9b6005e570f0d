#include "server/port/flood_detector.h"

#include <gtest/gtest.h>

namespace sioserve::port {
namespace {

using std::chrono::milliseconds;

class FloodDetectorTest : public testing::Test {
 protected:
  bool held_up_after(milliseconds pause, milliseconds work) {
    now_ += pause;
    return detector_.held_up(now_, work);
  }

 private:
  FloodDetector detector_;
  TimePoint now_{std::chrono::hours(1)};
};

TEST_F(FloodDetectorTest, ASingleEmitIsNoFlood) {
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(held_up_after(milliseconds(500), milliseconds(3)));
}

TEST_F(FloodDetectorTest, ManyEmitsInARowAreAFlood) {
  EXPECT_FALSE(held_up_after(milliseconds(500), milliseconds(1)));
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(held_up_after(milliseconds(10), milliseconds(1)));
  for (int i = 0; i < 9; ++i) EXPECT_TRUE(held_up_after(milliseconds(10), milliseconds(1)));
  EXPECT_FALSE(held_up_after(milliseconds(500), milliseconds(1))) << "another one";
}

TEST_F(FloodDetectorTest, EmitsThatTakeLongAreAFloodToo) {
  EXPECT_FALSE(held_up_after(milliseconds(2000), milliseconds(1)));
  for (int i = 0; i < 9; ++i) EXPECT_TRUE(held_up_after(milliseconds(730), milliseconds(720)));
}

}  // namespace
}  // namespace sioserve::port
