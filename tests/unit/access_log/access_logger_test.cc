#include "server/access_log/access_logger.h"

#include <gtest/gtest.h>

#include <variant>
#include <vector>

#include "tests/unit/access_log/records.h"

namespace sioserve::access_log {
namespace {

class FakeEvents final : public EventSink {
 public:
  void push(Event event) override { events.push_back(std::move(event)); }
  bool full(StreamId) const override { return is_full; }
  bool log_lines_full() const override { return is_full; }

  std::vector<Event> events;
  bool is_full = false;
};

class AccessLoggerTest : public testing::Test {
 protected:
  AccessLoggerTest() {
    config_.target = AccessLogConfig::Target::logging;
    logger_.set_level(LogCategory::access, 20);
    EXPECT_TRUE(access_.open());
  }

  std::string line(std::size_t i) { return get_message<AccessEntry>(events_.events.at(i))->line; }

  AccessLogConfig config_;
  FakeEvents events_;
  std::vector<LogRecord> log_;
  Logger logger_{[this](LogRecord record) { log_.push_back(std::move(record)); }};
  AccessLogger access_{config_, events_, logger_, nullptr};
};

TEST_F(AccessLoggerTest, SendsEntriesToPythonsLogging) {
  access_.write(get_record());
  ASSERT_EQ(events_.events.size(), 1U);
  EXPECT_NE(line(0).find("\"GET /a%20b?x=1\" 200 1234"), std::string::npos) << line(0);
  EXPECT_EQ(get_message<AccessEntry>(events_.events[0])->record.head->request_id, "id123");
}

TEST_F(AccessLoggerTest, SendsNothingWhenPythonsLevelIsOff) {
  logger_.set_level(LogCategory::access, 30);
  access_.write(get_record());
  EXPECT_TRUE(events_.events.empty());
}

TEST_F(AccessLoggerTest, CountsEntriesThatAreDroppedWhilePythonIsBlocked) {
  events_.is_full = true;
  for (int i = 0; i < 3; ++i) access_.write(get_record());
  EXPECT_TRUE(events_.events.empty());
  events_.is_full = false;
  access_.write(get_record());
  EXPECT_EQ(events_.events.size(), 1U);
  ASSERT_EQ(log_.size(), 1U);
  EXPECT_EQ(log_[0].message,
            "3 lines of the access log were dropped: Python was busy for too long");
}

TEST_F(AccessLoggerTest, HasDaphnesFirstWebSocketLineOnlyInDaphnesFormat) {
  access_.write(websocket_record(AccessEvent::websocket_connecting));
  EXPECT_EQ(events_.events.size(), 1U);
  config_.format = "%(request)s";
  AccessLogger other(config_, events_, logger_, nullptr);
  ASSERT_TRUE(other.open());
  other.write(websocket_record(AccessEvent::websocket_connecting));
  EXPECT_EQ(events_.events.size(), 1U);
  other.write(websocket_record(AccessEvent::websocket_connect));
  EXPECT_EQ(line(1), "WSCONNECT /a%20b?x=1");
}

TEST_F(AccessLoggerTest, RefusesAnInvalidFormatAtTheStart) {
  config_.format = "%(nonsense)s";
  AccessLogger other(config_, events_, logger_, nullptr);
  EXPECT_FALSE(other.open());
}

TEST_F(AccessLoggerTest, NeedsANameForAFile) {
  config_.target = AccessLogConfig::Target::file;
  AccessLogger other(config_, events_, logger_, nullptr);
  ASSERT_FALSE(other.open());
  EXPECT_EQ(other.open().error(), "The access log's file has no name");
}

}  // namespace
}  // namespace sioserve::access_log
