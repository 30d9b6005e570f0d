// The access log of one server: formats a line for each record and writes it to a file, to standard
// output, or to Python's logging.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "server/access_log/format.h"
#include "server/access_log/line.h"
#include "server/access_log/log_file.h"
#include "server/access_log/timestamp.h"
#include "server/base/access_record.h"
#include "server/base/clock.h"
#include "server/base/config.h"
#include "server/base/logger.h"
#include "server/port/event_sink.h"

namespace sioserve::access_log {

// The error is a sentence about the invalid format.
Result<Format, std::string> compile(const AccessLogConfig& config);

// Lives on the I/O thread; open() and start() are called before it runs.
class AccessLogger final : public AccessLog {
 public:
  // `events` and `logger` are for Python's logging, and outlive the log. `report` is called from
  // another thread, so its captures must outlive the log too.
  AccessLogger(const AccessLogConfig& config, EventSink& events, const Logger& logger,
               LogFile::Report report);

  // Whether there is an access log.
  bool on() const { return config_.target != AccessLogConfig::Target::none; }

  // Before start(). Ok, also if it is already open; the error is a sentence.
  Result<std::monostate, std::string> open();
  void start();

  void write(AccessRecord&& record) override;
  bool wants_response_headers() const override { return format_.wants_response_headers(); }
  TimePoint now() const override { return Clock::now(); }

  // From any thread; does nothing without a file.
  void reopen();
  void flush(Milliseconds timeout);

 private:
  void append_line(const AccessRecord& record);
  void send_to_application(AccessRecord&& record);

  const AccessLogConfig& config_;
  EventSink& events_;
  const Logger& logger_;
  LogFile::Report report_;
  Format format_;
  Timestamp time_;
  std::unique_ptr<LogFile> file_;  // null: no log, or Python's logging
  Line line_;
  std::uint64_t dropped_ = 0;  // lines, since Python last took some
};

}  // namespace sioserve::access_log
