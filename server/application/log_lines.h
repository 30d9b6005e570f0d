// Passes log lines to the application. They are limited: invalid input while Python is blocked must
// not fill the memory.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "server/base/logger.h"
#include "server/port/event_sink.h"
#include "server/port/messages.h"

namespace sioserve::application {

// Lives on the I/O thread.
class LogLines {
 public:
  explicit LogLines(EventSink& sink) : sink_(sink) {}

  // Drops the line if too many wait; a later one says how many were dropped.
  void add(LogRecord record) {
    if (sink_.log_lines_full()) {
      ++dropped_;
      return;
    }
    if (const std::uint64_t dropped = std::exchange(dropped_, 0)) {
      sink_.push(LogRecord{
          LogCategory::server, LogLevel::warning,
          std::to_string(dropped) + " lines were not logged: Python was busy for too long", ""});
    }
    sink_.push(std::move(record));
  }

 private:
  EventSink& sink_;
  std::uint64_t dropped_ = 0;
};

}  // namespace sioserve::application
