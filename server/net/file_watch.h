// Reads files at the start, and again when they change: those of certificates.
//
// They are looked at every two seconds, on a thread of libuv's pool. A change counts when two looks
// in a row have found the same, so that a certificate is not read before its key has been written
// too. What cannot be used is reported once, and what was read before stays. Lives on the loop's
// thread, except load().
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "server/base/clock.h"
#include "server/base/logger.h"
#include "server/base/result.h"
#include "server/net/loop.h"
#include "server/net/timer.h"

namespace sioserve::net {

class FileWatch {
 public:
  // Takes what was read into use, on the loop's thread.
  using Use = std::function<void()>;

  // The functions may wait for the disk; any thread calls them.
  struct Files {
    std::string name;  // of the contents, in the plural, at the beginning of a log line
    // Differs when a file has been changed, replaced, added or removed.
    std::function<std::string()> fingerprint;
    // The error is a sentence without its end.
    std::function<Result<Use, std::string>()> read;
  };

  static constexpr Milliseconds usual_interval{2'000};

  // `loop` and `logger` outlive the watch.
  FileWatch(Loop& loop, Files files, const Logger& logger, Milliseconds interval = usual_interval);
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  // Before the loop runs, on any thread. The error is that of Files::read.
  Result<std::monostate, std::string> load();
  // Starts to look at the files.
  void start();
  void stop();
  // Reads the files, whether they have changed or not.
  void reload();

 private:
  struct Read;

  void look();
  void on_looked(std::string fingerprint);
  void on_read(Read read);
  template <typename Work, typename Done>
  void in_background(Work work, Done done);

  Loop& loop_;
  const std::shared_ptr<const Files> files_;  // shared with jobs
  const Logger& logger_;
  const Milliseconds interval_;
  Timer timer_;
  std::string used_;  // the fingerprint of the files that were read last
  std::string seen_;  // the one found at the last look
  bool busy_ = false;
  bool read_again_ = false;                // reload() was called while it was busy
  std::shared_ptr<FileWatch*> reachable_;  // from a job, while the watch exists
};

}  // namespace sioserve::net
