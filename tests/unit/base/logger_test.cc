#include "server/base/logger.h"

#include <gtest/gtest.h>

#include <mutex>
#include <thread>
#include <vector>

namespace sioserve {
namespace {

struct Recorder {
  std::mutex mutex;
  std::vector<LogRecord> records;
  Logger logger{[this](LogRecord record) {
    std::lock_guard lock(mutex);
    records.push_back(std::move(record));
  }};
};

TEST(Logger, DropsRecordsBelowWarningByDefault) {
  Recorder recorder;
  recorder.logger.log(LogCategory::server, LogLevel::info, "dropped");
  recorder.logger.log(LogCategory::server, LogLevel::warning, "kept");
  ASSERT_EQ(recorder.records.size(), 1U);
  EXPECT_EQ(recorder.records[0].message, "kept");
  EXPECT_EQ(recorder.records[0].level, LogLevel::warning);
}

TEST(Logger, HasALevelForEachCategory) {
  Recorder recorder;
  recorder.logger.set_level(LogCategory::socketio, 10);
  EXPECT_TRUE(recorder.logger.enabled(LogCategory::socketio, LogLevel::debug));
  EXPECT_FALSE(recorder.logger.enabled(LogCategory::engineio, LogLevel::debug));
  recorder.logger.log(LogCategory::socketio, LogLevel::debug, "kept");
  ASSERT_EQ(recorder.records.size(), 1U);
  EXPECT_EQ(recorder.records[0].category, LogCategory::socketio);
}

TEST(Logger, AcceptsAnyIntAsALevel) {
  Recorder recorder;
  recorder.logger.set_level(LogCategory::server, 25);
  EXPECT_FALSE(recorder.logger.enabled(LogCategory::server, LogLevel::info));
  EXPECT_TRUE(recorder.logger.enabled(LogCategory::server, LogLevel::warning));
  recorder.logger.set_level(LogCategory::server, 1000);
  EXPECT_FALSE(recorder.logger.enabled(LogCategory::server, LogLevel::error));
}

TEST(Logger, MayBeUsedAndAdjustedByAnyThread) {
  constexpr std::size_t lines = 2000;
  Recorder recorder;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      for (std::size_t line = 0; line < lines; ++line) {
        recorder.logger.log(LogCategory::server, LogLevel::error, "kept");
        recorder.logger.log(LogCategory::engineio, LogLevel::info, "kept or dropped");
      }
    });
  }
  for (int level : {10, 20, 30}) recorder.logger.set_level(LogCategory::engineio, level);
  for (std::thread& thread : threads) thread.join();
  std::size_t errors = 0;
  for (const LogRecord& record : recorder.records) errors += record.level == LogLevel::error;
  EXPECT_EQ(errors, 3 * lines);
}

}  // namespace
}  // namespace sioserve
