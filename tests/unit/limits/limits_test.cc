#include "socketio/limits/limits.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace sioserve {
namespace {

class LimitsTest : public testing::Test {
 protected:
  LimitsTest() {
    logger_.set_level(LogCategory::engineio, static_cast<int>(LogLevel::info));
    limits_.advance(now_);
  }

  // The log lines since the last call.
  std::vector<std::string> log() { return std::exchange(log_, {}); }
  void later(Milliseconds time) { limits_.advance(now_ += time); }

  Config config_;
  std::vector<std::string> log_;
  Logger logger_{[this](LogRecord record) { log_.push_back(std::move(record.message)); }};
  Counters counters_;
  TimePoint now_{std::chrono::hours(1)};
  Limits limits_{config_, counters_, logger_};
};

using Lines = std::vector<std::string>;

TEST_F(LimitsTest, EachCaseIsCountedAndAnEpisodeIsOneWarning) {
  config_.engine_io.max_payload = 1000;
  limits_.reached(Limit::payload, "session 7");
  limits_.reached(Limit::payload, "session 8");
  later(LimitEpisode::quiet_time - Milliseconds(1));
  limits_.reached(Limit::payload, "session 9");
  EXPECT_EQ(log(),
            Lines{"Refusing messages and polling requests of more than 1000 bytes "
                  "(--socketio-max-payload); the first is session 7 (docs/limits.md#socketio)"});
  EXPECT_EQ(counters_.get(Counter::messages_too_large), 3u);
}

TEST_F(LimitsTest, TheEndOfAnEpisodeIsLoggedAndTheNextBeginsWithAWarning) {
  for (int i = 0; i < 3; ++i) limits_.reached(Limit::queued_bytes, "session 7");
  log();
  later(LimitEpisode::quiet_time);
  EXPECT_EQ(log(), Lines{"--socketio-max-queued is reached no more; it was 3 times"});
  later(LimitEpisode::quiet_time);
  EXPECT_EQ(log(), Lines{});
  limits_.reached(Limit::queued_bytes, "session 8");
  EXPECT_EQ(log().size(), 1u);
  EXPECT_EQ(counters_.get(Counter::slow_consumers_closed), 4u);
}

TEST_F(LimitsTest, AnEpisodeLastsWhileAClientIsThrottled) {
  limits_.reached(Limit::packet_rate, "session 7");
  log();
  for (int i = 0; i < 10; ++i) {
    limits_.lasts(Limit::packet_rate, now_ + Milliseconds(5000));
    later(Milliseconds(5000));
  }
  later(LimitEpisode::quiet_time - Milliseconds(1));
  EXPECT_EQ(log(), Lines{});
  later(Milliseconds(1));
  EXPECT_EQ(log(), Lines{"--socketio-max-packet-rate is reached no more; it was 1 time"});
}

TEST_F(LimitsTest, AClientThrottledForDaysDoesNotProlongTheEpisode) {
  limits_.reached(Limit::byte_rate, "session 7");
  limits_.lasts(Limit::byte_rate, now_ + std::chrono::hours(100));
  later(LimitEpisode::longest_hold + LimitEpisode::quiet_time);
  EXPECT_EQ(log().size(), 2u);
}

TEST_F(LimitsTest, OneLimitDoesNotSilenceAnother) {
  limits_.reached(Limit::packet_rate, "session 7");
  limits_.reached(Limit::byte_rate, "session 7");
  EXPECT_EQ(log().size(), 2u);
}

TEST_F(LimitsTest, EveryLimitHasAWarningThatNamesItsOption) {
  logger_.set_level(LogCategory::socketio, static_cast<int>(LogLevel::info));
  for (std::size_t i = 0; i <= static_cast<std::size_t>(Limit::pending_acks); ++i) {
    limits_.reached(static_cast<Limit>(i), "somebody");
    const Lines lines = log();
    ASSERT_EQ(lines.size(), 1u) << i;
    EXPECT_NE(lines[0].find(" (--socketio-max-"), std::string::npos) << lines[0];
  }
}

}  // namespace
}  // namespace sioserve
