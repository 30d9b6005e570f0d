// A file, or standard output, to which a separate thread appends lines, so that a slow disk or a
// pipe that is not read delays no request.
//
// Lines are queued for up to 100 ms, so that one write has many lines. At most 8 MB are queued;
// further lines are dropped, counted and reported. If writing fails, this is reported once; lines
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

// Created and destroyed by one thread.
class LogFile {
 public:
  // Called on the writing thread.
  using Report = std::function<void(LogLevel, std::string)>;

  // An empty path is standard output. The error is a sentence.
  static Result<std::unique_ptr<LogFile>, std::string> open(std::string path, Report report);
  // Writes the queued lines, as flush() does.
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  // Starts the thread, unless it runs. Lines written before are queued for it. Throws
  // std::system_error if no thread can be created.
  void start();

  // Any thread; never waits for the disk. `line` ends with a line end.
  void write(std::string_view line);
  // From any thread. Closes the file, which may have been renamed, and opens the path again. Queued
  // lines go into the new file.
  void reopen();
  // From any thread. Returns when all queued lines have been written, or after `timeout`.
  void flush(Milliseconds timeout);

 private:
  LogFile(std::string path, int descriptor, Report report);

  static Result<int, std::string> open_path(const std::string& path);
  void set_descriptor(int descriptor);
  void run();
  bool has_work() const { return !waiting_.empty() || reopen_ || ending_; }
  void write_out(std::string_view lines);
  void write_lines(std::string_view lines);
  std::size_t write_some(std::string_view bytes);
  bool wait_until_writable();
  void fail(int error, std::string_view lost);
  void open_again();
  void report_dropped(std::uint64_t count);
  std::string name() const;

  const std::string path_;  // empty: standard output
  const Report report_;

  // Used by the writing thread.
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
  bool hurry_ = false;         // a thread waits in flush()
  bool reopen_ = false;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace sioserve::access_log
