#include "server/connection/opening_reports.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace sioserve::connection {
namespace {

using Lines = std::vector<std::string>;

constexpr const char* closed =
    "Closed a connection of 192.0.2.1: it is late "
    "(--proxy-protocol; docs/deployment.md#haproxy-and-other-tcp-proxies)";

class OpeningReportsTest : public testing::Test {
 protected:
  OpeningReportsTest() { set_level(LogLevel::info); }

  void set_level(LogLevel level) {
    logger_.set_level(LogCategory::server, static_cast<int>(level));
  }
  void fail(int times, OpeningFailure kind = OpeningFailure::tls) {
    for (int i = 0; i < times; ++i) reports_.failed(kind, {"192.0.2.1", 4711}, "it is late", now_);
  }
  void later(Milliseconds time) {
    now_ += time;
    reports_.sweep(now_);
  }
  // The log lines since the last call.
  Lines log() { return std::exchange(log_, {}); }

  Lines log_;
  Logger logger_{[this](LogRecord record) { log_.push_back(std::move(record.message)); }};
  TimePoint now_{std::chrono::hours(1)};
  OpeningReports reports_{logger_};
};

TEST_F(OpeningReportsTest, NamesTheClientAndTheReason) {
  fail(1);
  fail(1, OpeningFailure::proxy_header);
  reports_.failed(OpeningFailure::tls, {}, "it is late", now_);
  EXPECT_EQ(log(), (Lines{"No TLS with 192.0.2.1:4711: it is late", closed,
                          "No TLS with a client: it is late"}));
}

TEST_F(OpeningReportsTest, LeavesOutLinesOfAFloodAndCountsThem) {
  fail(300);
  const Lines lines = log();
  ASSERT_EQ(lines.size(), 21U);
  EXPECT_EQ(lines[20],
            "There are too many failed TLS handshakes for the log: from now on it has one of them "
            "in a second");
  EXPECT_FALSE(reports_.quiet());
  later(LimitEpisode::quiet_time - Milliseconds(1));
  EXPECT_EQ(log(), Lines{});
  later(Milliseconds(1));
  EXPECT_EQ(log(), Lines{"The log has all failed TLS handshakes again: 280 of them were left out"});
  EXPECT_TRUE(reports_.quiet());
  fail(1);
  EXPECT_EQ(log().size(), 1U);
}

TEST_F(OpeningReportsTest, LogsOneInASecondWhileTheFloodLasts) {
  fail(100);
  log();
  for (int i = 0; i < 60; ++i) {
    later(Milliseconds(500));
    fail(100);
  }
  EXPECT_EQ(log().size(), 30U);
}

TEST_F(OpeningReportsTest, CountsEachKindAlone) {
  fail(300);
  log();
  fail(1, OpeningFailure::proxy_header);
  EXPECT_EQ(log().size(), 1U);
}

TEST_F(OpeningReportsTest, CountsNothingThatTheLogLeavesOutAnyway) {
  set_level(LogLevel::warning);
  fail(300);
  EXPECT_TRUE(reports_.quiet());
  fail(1, OpeningFailure::proxy_header);
  EXPECT_EQ(log(), Lines{closed});
}

}  // namespace
}  // namespace sioserve::connection
