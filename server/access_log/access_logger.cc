#include "server/access_log/access_logger.h"

#include <chrono>
#include <utility>

#include "server/access_log/json_line.h"

namespace sioserve::access_log {

using Target = AccessLogConfig::Target;

Result<Format, std::string> compile(const AccessLogConfig& config) {
  return Format::compile(config.format.empty() ? default_format : config.format);
}

AccessLogger::AccessLogger(const AccessLogConfig& config, EventSink& events, const Logger& logger,
                           LogFile::Report report)
    : config_(config), events_(events), logger_(logger), report_(std::move(report)) {}

Result<std::monostate, std::string> AccessLogger::open() {
  if (file_) return std::monostate{};
  auto format = compile(config_);
  if (!format) return Failure{format.error()};
  format_ = std::move(*format);
  switch (config_.target) {
    case Target::none:
    case Target::logging:
      return std::monostate{};
    case Target::file:
      if (config_.path.empty()) return Failure{std::string("The access log's file has no name")};
      break;
    case Target::standard_output:
      break;
  }
  auto file = LogFile::open(config_.target == Target::file ? config_.path : "", report_);
  if (!file) return Failure{file.error()};
  file_ = std::move(*file);
  return std::monostate{};
}

void AccessLogger::start() {
  if (file_) file_->start();
}

void AccessLogger::write(AccessRecord&& record) {
  // Only daphne's format has a line for the start of a WebSocket handshake.
  const bool only_daphnes = record.event == AccessEvent::websocket_connecting;
  if (only_daphnes && (config_.json || !config_.format.empty())) return;
  if (config_.target == Target::logging) return send_to_application(std::move(record));
  append_line(record);
  line_.add('\n');
  file_->write(line_.text());
}

void AccessLogger::append_line(const AccessRecord& record) {
  time_.set(std::chrono::system_clock::now());
  line_.clear();
  if (config_.json) {
    append_json_line(record, time_, line_);
  } else {
    format_.append(record, time_, line_);
  }
}

void AccessLogger::send_to_application(AccessRecord&& record) {
  if (!logger_.enabled(LogCategory::access, LogLevel::info)) return;
  // Native requests are answered even while Python is blocked, so their entries could fill the
  // memory.
  if (events_.log_lines_full()) {
    ++dropped_;
    return;
  }
  if (dropped_ > 0) {
    logger_.log(LogCategory::server, LogLevel::warning,
                std::to_string(std::exchange(dropped_, 0)) +
                    " lines of the access log were dropped: Python was busy for too long");
  }
  append_line(record);
  events_.push(AccessEntry{std::string(line_.text()), std::move(record)});
}

void AccessLogger::reopen() {
  if (file_) file_->reopen();
}

void AccessLogger::flush(Milliseconds timeout) {
  if (file_) file_->flush(timeout);
}

}  // namespace sioserve::access_log
