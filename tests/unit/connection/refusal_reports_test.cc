#include "server/connection/refusal_reports.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sioserve::connection {
namespace {

using Lines = std::vector<std::string>;

class RefusalReportsTest : public testing::Test {
 protected:
  RefusalReportsTest() {
    head_.method = "GET";
    head_.raw_path = "/page";
    head_.request_id = "id-1";
  }

  void refuse(int times, std::optional<std::uint16_t> status) {
    for (int i = 0; i < times; ++i) {
      reports_.refused({"192.0.2.1", 4711}, head_, status, "it is late", now_);
    }
  }
  void later(Milliseconds time) {
    now_ += time;
    reports_.sweep(now_);
  }
  // The log lines since the last call.
  Lines log() { return std::exchange(log_, {}); }

  Lines log_;
  std::vector<std::string> ids_;  // of the requests that the lines are about
  Logger logger_{[this](LogRecord record) {
    log_.push_back(std::move(record.message));
    ids_.push_back(std::move(record.request_id));
  }};
  RequestHead head_;
  TimePoint now_{std::chrono::hours(1)};
  RefusalReports reports_{logger_};
};

TEST_F(RefusalReportsTest, NamesTheClientTheRequestAndTheReason) {
  refuse(1, 413);
  refuse(1, std::nullopt);
  EXPECT_EQ(log(), (Lines{"Refused a request of 192.0.2.1:4711 (GET /page) with 413: it is late",
                          "Cut the response to 192.0.2.1:4711 (GET /page): it is late"}));
  EXPECT_EQ(ids_, (Lines{"id-1", "id-1"}));
}

TEST_F(RefusalReportsTest, ShowsTheStartOfALongPath) {
  head_.raw_path = "/" + std::string(1000, 'a');
  refuse(1, 400);
  EXPECT_EQ(log(), Lines{"Refused a request of 192.0.2.1:4711 (GET /" + std::string(255, 'a') +
                         "...) with 400: it is late"});
}

TEST_F(RefusalReportsTest, NamesARequestWithoutAHead) {
  reports_.refused({}, RequestHead{}, 408, "the head took too long", now_);
  EXPECT_EQ(log(), Lines{"Refused a request of a client with 408: the head took too long"});
}

TEST_F(RefusalReportsTest, LeavesOutLinesOfAFloodAndCountsThem) {
  refuse(300, 400);
  const Lines lines = log();
  ASSERT_EQ(lines.size(), 21U);
  EXPECT_EQ(lines[20],
            "There are too many requests refused with 4xx for the log: from now on it has one of "
            "them in a second");
  EXPECT_FALSE(reports_.quiet());
  later(LimitEpisode::quiet_time);
  EXPECT_EQ(log(),
            Lines{"The log has all requests refused with 4xx again: 280 of them were left out"});
  EXPECT_TRUE(reports_.quiet());
}

TEST_F(RefusalReportsTest, AFloodOfOneKindHidesNoOther) {
  refuse(300, 400);
  log();
  refuse(1, 504);
  refuse(1, std::nullopt);
  EXPECT_EQ(log().size(), 2U);
}

TEST_F(RefusalReportsTest, SharesTheLimitWithLinesInOtherWords) {
  refuse(20, 400);
  EXPECT_FALSE(reports_.lines_for(403).admit(now_));
  EXPECT_TRUE(reports_.lines_for(500).admit(now_));
}

}  // namespace
}  // namespace sioserve::connection
