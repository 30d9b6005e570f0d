// A file, or standard output, that lines are appended to by a thread of its own, so that a slow
// disk or a reader that has stopped reading delays nobody.
//
// Lines wait for up to 100 ms, so that many leave in one write. At most 8 MB wait; what comes
// beyond that is dropped, counted and reported. When writing fails, that is reported once, lines
// are counted until it works again, and then their number is reported.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "server/base/clock.h"
#include "server/base/logger.h"
#include "server/base/result.h"

namespace sioserve::access_log {

// Made and destroyed by one thread.
class LogFile {
 public:
  // Called on the writing thread.
  using Report = std::function<void(LogLevel, std::string)>;

  // An empty path is standard output. Or a sentence that says why not.
  static Result<std::unique_ptr<LogFile>, std::string> open(std::string path, Report report);
  // Writes out what waits, as flush() does.
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  // Starts the thread, unless it runs. What was written before waits for it. Throws
  // std::system_error where there can be none.
  void start();

  // Any thread; never waits for the disk. `line` ends with a line end.
  void write(std::string_view line);
  // Any thread. Closes the file, which may have been renamed, and opens the path anew; what waits
  // goes into the new one.
  void reopen();
  // Any thread. Returns when everything that waits has been written, or after `patience`.
  void flush(Milliseconds patience);

 private:
  LogFile(std::string path, int descriptor, Report report);

  static Result<int, std::string> open_path(const std::string& path);
  void set_descriptor(int descriptor);
  void run();
  bool work_waits() const { return !waiting_.empty() || reopen_ || ending_; }
  void write_out(std::string_view lines);
  void write_lines(std::string_view lines);
  std::size_t write_some(std::string_view bytes);
  bool wait_until_writable();
  void fail(int error, std::string_view lost);
  void open_anew();
  void report_dropped(std::uint64_t count);
  std::string name() const;

  const std::string path_;  // empty: standard output
  const Report report_;

  // The writing thread's.
  int descriptor_;
  bool may_block_ = false;  // not a regular file
  bool torn_ = false;       // the last write ended within a line
  bool failing_ = false;
  std::uint64_t lost_ = 0;  // lines, while failing

  std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable done_;
  std::string waiting_;
  std::uint64_t dropped_ = 0;  // lines
  bool busy_ = false;          // the thread is writing
  bool hurry_ = false;         // somebody waits in flush()
  bool reopen_ = false;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace sioserve::access_log
