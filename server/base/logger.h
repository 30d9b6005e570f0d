// Log lines of the I/O thread. The application thread passes them to Python's logger with the
// category's name. A disabled level costs one relaxed load.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>

namespace sioserve {

// The numbers are those of Python's logging.
enum class LogLevel : int { debug = 10, info = 20, warning = 30, error = 40 };

enum class LogCategory : std::size_t { server, engineio, socketio, access };
inline constexpr std::array<const char*, 4> log_category_names = {
    "sioserve", "sio.engineio", "sio.socketio", "sioserve.access"};

struct LogRecord {
  LogCategory category;
  LogLevel level;
  std::string message;
  std::string request_id;  // of the request that the line is about; empty: none
};

// Any thread may log; `sink` must be callable from any thread.
class Logger {
 public:
  explicit Logger(std::function<void(LogRecord)> sink) : sink_(std::move(sink)) {}

  // Records below `level` are dropped; the default is 30 (warning). `level` is one of Python's
  // numbers, any int.
  void set_level(LogCategory category, int level) {
    levels_[static_cast<std::size_t>(category)].store(level, std::memory_order_relaxed);
  }

  bool enabled(LogCategory category, LogLevel level) const {
    return static_cast<int>(level) >=
           levels_[static_cast<std::size_t>(category)].load(std::memory_order_relaxed);
  }

  // Check enabled() first if building the message is expensive.
  void log(LogCategory category, LogLevel level, std::string message,
           std::string request_id = {}) const {
    if (!enabled(category, level)) return;
    sink_(LogRecord{category, level, std::move(message), std::move(request_id)});
  }

 private:
  std::function<void(LogRecord)> sink_;
  std::array<std::atomic<int>, log_category_names.size()> levels_ = {30, 30, 30, 30};
};

}  // namespace sioserve
