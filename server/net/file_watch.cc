#include "server/net/file_watch.h"

#include <optional>
#include <utility>

#include "server/net/background.h"

namespace sioserve::net {
struct FileWatch::Read {
  std::string fingerprint;  // taken before
  Result<Use, std::string> use = Failure{std::string()};
};

FileWatch::FileWatch(Loop& loop, Files files, const Logger& logger, Milliseconds interval)
    : loop_(loop),
      files_(std::make_shared<const Files>(std::move(files))),
      logger_(logger),
      interval_(interval),
      timer_(loop, [this] { look(); }),
      reachable_(std::make_shared<FileWatch*>(this)) {}

Result<std::monostate, std::string> FileWatch::load() {
  used_ = seen_ = files_->fingerprint();
  const auto use = files_->read();
  if (!use) return Failure{use.error()};
  (*use)();
  return std::monostate{};
}

void FileWatch::start() { timer_.start_repeating(interval_); }

void FileWatch::stop() { timer_.stop(); }

// The loop waits for its jobs when it is destroyed, later than the watch.
template <typename Work, typename Done>
void FileWatch::in_background(Work work, Done done) {
  busy_ = true;
  using Outcome = decltype(work());
  auto outcome = std::make_shared<std::optional<Outcome>>();
  run_in_background(
      loop_, [work, outcome] { outcome->emplace(work()); },
      [done, outcome, watch = std::weak_ptr<FileWatch*>(reachable_)] {
        const auto reached = watch.lock();
        if (!reached) return;
        (*reached)->busy_ = false;
        ((*reached)->*done)(std::move(**outcome));
      });
}

void FileWatch::look() {
  if (busy_) return;
  in_background([files = files_] { return files->fingerprint(); }, &FileWatch::on_looked);
}

void FileWatch::on_looked(std::string fingerprint) {
  const bool settled = fingerprint == std::exchange(seen_, fingerprint);
  if (std::exchange(read_again_, false) || (settled && fingerprint != used_)) reload();
}

void FileWatch::reload() {
  if (busy_) {
    read_again_ = true;
    return;
  }
  in_background(
      [files = files_] {
        std::string fingerprint = files->fingerprint();
        return Read{std::move(fingerprint), files->read()};
      },
      &FileWatch::on_read);
}

void FileWatch::on_read(Read read) {
  used_ = seen_ = read.fingerprint;
  if (read.use) {
    logger_.log(LogCategory::server, LogLevel::info, files_->name + " have been reloaded");
    (*read.use)();
  } else {
    logger_.log(LogCategory::server, LogLevel::error,
                files_->name + " have not been reloaded, the old ones stay: " + read.use.error());
  }
  if (std::exchange(read_again_, false)) reload();
}

}  // namespace sioserve::net
