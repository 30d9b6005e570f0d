#include "server/http2/flood_guard.h"

#include <gtest/gtest.h>

#include <chrono>

namespace sioserve::http2 {
namespace {

class Http2FloodGuard : public testing::Test {
 protected:
  bool frame(FrameType type, std::uint32_t length = 0, std::uint8_t flags = 0) {
    return guard_.on_frame({length, type, flags}, now_);
  }
  // How often this is allowed.
  template <typename Call>
  int count(Call call) {
    int allowed = 0;
    while (allowed < 100'000 && call()) ++allowed;
    return allowed;
  }

  FloodGuard guard_{1'000};
  TimePoint now_{std::chrono::hours(1)};
};

TEST_F(Http2FloodGuard, AllowsABurstOfResetsAndThenARate) {
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(guard_.on_reset(now_));
  now_ += std::chrono::seconds(1);
  EXPECT_EQ(count([&] { return guard_.on_reset(now_); }), 33);
  EXPECT_EQ(guard_.flood(), Flood::resets);
  now_ += std::chrono::seconds(100);
  EXPECT_FALSE(guard_.on_reset(now_)) << "it is decided";
}

TEST_F(Http2FloodGuard, LimitsFramesThatCarryNothing) {
  for (const FrameType type :
       {FrameType::priority, FrameType::settings, FrameType::ping, FrameType::window_update,
        FrameType::rst_stream, FrameType::continuation, FrameType::data, FrameType::goaway,
        static_cast<FrameType>(77)}) {
    FloodGuard guard(1'000);
    EXPECT_EQ(count([&] { return guard.on_frame({0, type, 0}, now_); }), 1'000);
    EXPECT_EQ(guard.flood(), Flood::frames);
  }
}

TEST_F(Http2FloodGuard, AllowsAnyNumberOfUsefulFrames) {
  EXPECT_EQ(count([&] { return frame(FrameType::data, 1); }), 100'000);
  EXPECT_EQ(count([&] { return frame(FrameType::data, 0, flag::end_stream); }), 100'000);
  EXPECT_EQ(count([&] { return frame(FrameType::headers, 10); }), 100'000);
}

TEST_F(Http2FloodGuard, AllowsFramesOfAClientThatUsesTheConnection) {
  for (int i = 0; i < 10'000; ++i) {
    guard_.on_data_sent();
    ASSERT_TRUE(frame(FrameType::window_update));
    ASSERT_TRUE(frame(FrameType::window_update));
    guard_.on_request();
    ASSERT_TRUE(frame(FrameType::rst_stream));
    ASSERT_TRUE(frame(FrameType::ping));
  }
}

TEST_F(Http2FloodGuard, AllowsARateOfFrames) {
  for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(frame(FrameType::ping));
  for (int second = 0; second < 10; ++second) {
    now_ += std::chrono::seconds(1);
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(frame(FrameType::ping));
  }
  EXPECT_FALSE(frame(FrameType::ping));
}

TEST_F(Http2FloodGuard, LimitsRefusedStreamsAsFrames) {
  EXPECT_EQ(count([&] { return guard_.on_refused_stream(now_); }), 1'000);
  EXPECT_EQ(guard_.flood(), Flood::frames);
}

TEST_F(Http2FloodGuard, KnowsWhenThreeQuartersOfABudgetAreSpent) {
  for (int i = 0; i < 75; ++i) ASSERT_TRUE(guard_.on_reset(now_));
  EXPECT_FALSE(guard_.is_near());
  ASSERT_TRUE(guard_.on_reset(now_));
  EXPECT_TRUE(guard_.is_near());
  EXPECT_FALSE(guard_.flood());

  FloodGuard other(1'000);
  for (int i = 0; i < 750; ++i) ASSERT_TRUE(other.on_frame({8, FrameType::ping, 0}, now_));
  EXPECT_FALSE(other.is_near());
  ASSERT_TRUE(other.on_frame({8, FrameType::ping, 0}, now_));
  EXPECT_TRUE(other.is_near());
}

TEST_F(Http2FloodGuard, LimitsAHeaderBlock) {
  EXPECT_TRUE(frame(FrameType::headers, 1'500));
  EXPECT_TRUE(frame(FrameType::continuation, 500));
  EXPECT_TRUE(frame(FrameType::headers, 1)) << "the next block";
  EXPECT_TRUE(guard_.on_header(2'000));
  EXPECT_FALSE(guard_.on_header(1));
  EXPECT_EQ(guard_.flood(), Flood::headers);
  FloodGuard other(1'000);
  EXPECT_TRUE(other.on_frame({2'000, FrameType::headers, 0}, now_));
  EXPECT_FALSE(other.on_frame({1, FrameType::continuation, 0}, now_));
  EXPECT_EQ(other.flood(), Flood::headers);
}

}  // namespace
}  // namespace sioserve::http2
