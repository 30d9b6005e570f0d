#include "server/access_log/log_file.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "server/base/run_or_abort.h"

namespace sioserve::access_log {
namespace {

constexpr Milliseconds delay{100};
constexpr std::size_t batch_size = 65'536;  // queued bytes that are written without delay
constexpr std::size_t max_waiting = 8'388'608;
constexpr std::size_t pipe_portion = 4'096;  // a writable pipe accepts at least this many bytes
constexpr Milliseconds timeout_at_end{2'000};

// Blocks all signals for a C++ scope.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

std::uint64_t count_lines(std::string_view text) {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

std::string lines(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " line" : " lines");
}

}  // namespace

Result<std::unique_ptr<LogFile>, std::string> LogFile::open(std::string path, Report report) {
  int descriptor = STDOUT_FILENO;
  if (!path.empty()) {
    const auto opened = open_path(path);
    if (!opened) return Failure{"The access log can't be opened: " + opened.error()};
    descriptor = *opened;
  }
  return std::unique_ptr<LogFile>(new LogFile(std::move(path), descriptor, std::move(report)));
}

Result<int, std::string> LogFile::open_path(const std::string& path) {
  // Opening a FIFO without a reader would block for ever.
  const int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  const int descriptor = ::open(path.c_str(), flags, 0644);
  if (descriptor < 0) return Failure{path + ": " + std::strerror(errno)};
  return descriptor;
}

LogFile::LogFile(std::string path, int descriptor, Report report)
    : path_(std::move(path)), report_(std::move(report)) {
  set_descriptor(descriptor);
}

LogFile::~LogFile() {
  if (thread_.joinable()) {
    flush(timeout_at_end);
    {
      std::lock_guard lock(mutex_);
      ending_ = true;
    }
    work_.notify_one();
    thread_.join();
  }
  if (!path_.empty()) ::close(descriptor_);
}

void LogFile::set_descriptor(int descriptor) {
  struct stat status {};
  descriptor_ = descriptor;
  may_block_ = ::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode);
}

void LogFile::start() {
  if (thread_.joinable()) return;
  // The thread inherits the signal mask: Python handles signals, and for a closed pipe write()
  // returns an error.
  const SignalsBlocked inherited_by_the_thread;
  thread_ =
      std::thread([this] { run_or_abort("The thread of the access log", [this] { run(); }); });
  ::pthread_setname_np(thread_.native_handle(), "sioserve-log");
}

void LogFile::write(std::string_view line) {
  bool wake = false;
  {
    std::lock_guard lock(mutex_);
    if (waiting_.size() + line.size() > max_waiting) {
      ++dropped_;
      return;
    }
    const std::size_t before = waiting_.size();
    waiting_ += line;
    wake = before == 0 || (before < batch_size && waiting_.size() >= batch_size);
  }
  if (wake) work_.notify_one();
}

void LogFile::reopen() {
  {
    std::lock_guard lock(mutex_);
    reopen_ = true;
  }
  work_.notify_one();
}

void LogFile::flush(Milliseconds timeout) {
  std::unique_lock lock(mutex_);
  hurry_ = true;
  work_.notify_one();
  done_.wait_for(lock, timeout, [this] { return waiting_.empty() && !busy_ && !reopen_; });
  hurry_ = false;
}

void LogFile::run() {
  std::string batch;
  std::unique_lock lock(mutex_);
  while (true) {
    work_.wait(lock, [this] { return has_work(); });
    work_.wait_for(lock, delay, [this] {
      return waiting_.size() >= batch_size || hurry_ || reopen_ || ending_;
    });
    if (waiting_.empty() && ending_) return;
    batch.clear();
    batch.swap(waiting_);
    busy_ = true;
    const std::uint64_t dropped = std::exchange(dropped_, 0);
    const bool reopen = std::exchange(reopen_, false);
    lock.unlock();
    if (reopen) open_again();
    if (!batch.empty()) write_out(batch);
    if (dropped > 0) report_dropped(dropped);
    lock.lock();
    busy_ = false;
    done_.notify_all();
  }
}

void LogFile::write_out(std::string_view lines) {
  if (torn_) {
    if (write_some("\n") == 0) return fail(errno, lines);
    torn_ = false;
  }
  write_lines(lines);
}

void LogFile::write_lines(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t written = write_some(bytes);
    if (written == 0) return fail(errno, bytes);
    torn_ = bytes[written - 1] != '\n';
    bytes.remove_prefix(written);
  }
  if (!std::exchange(failing_, false)) return;
  report_(LogLevel::warning, name() + " is written again; " + lines(std::exchange(lost_, 0)) +
                                 " could not be written");
}

// 0: failed, with errno set.
std::size_t LogFile::write_some(std::string_view bytes) {
  if (may_block_) bytes = bytes.substr(0, pipe_portion);
  while (true) {
    if (may_block_ && !wait_until_writable()) return 0;
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written > 0) return static_cast<std::size_t>(written);
    if (written < 0 && errno != EINTR && errno != EAGAIN) return 0;
  }
}

// Waits as long as necessary, unless the log is being closed.
bool LogFile::wait_until_writable() {
  pollfd watched{descriptor_, POLLOUT, 0};
  while (::poll(&watched, 1, static_cast<int>(delay.count())) == 0) {
    std::lock_guard lock(mutex_);
    if (!ending_) continue;
    errno = ETIMEDOUT;
    return false;
  }
  return true;
}

void LogFile::fail(int error, std::string_view lost) {
  lost_ += count_lines(lost);
  if (std::exchange(failing_, true)) return;
  report_(LogLevel::error, name() + " can't be written: " + std::strerror(error));
}

void LogFile::open_again() {
  if (path_.empty()) return;
  const auto opened = open_path(path_);
  if (!opened) {
    report_(LogLevel::error,
            "The access log can't be reopened, the old file stays in use: " + opened.error());
    return;
  }
  ::close(descriptor_);
  set_descriptor(*opened);
  torn_ = false;
}

void LogFile::report_dropped(std::uint64_t count) {
  report_(LogLevel::warning, name() + " is written too slowly: " + lines(count) + " dropped");
}

std::string LogFile::name() const {
  return "The access log " + (path_.empty() ? "on standard output" : path_);
}

}  // namespace sioserve::access_log
