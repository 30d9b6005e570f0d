#include "server/net/file_watch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sioserve::net {
namespace {

// Files that are not there: a test says what each look finds. Any thread.
class FakeFiles {
 public:
  // The states that the next looks find; later ones find the last again.
  void will_be(std::deque<std::string> states) {
    const std::lock_guard lock(mutex_);
    states_ = std::move(states);
  }
  // What the next reads say; nullopt: they can be used.
  void set_fault(std::optional<std::string> fault) {
    const std::lock_guard lock(mutex_);
    fault_ = std::move(fault);
  }

  // A look does not return until let_look().
  void hold_looks() {
    const std::lock_guard lock(mutex_);
    looks_held_ = true;
  }
  void let_look() {
    const std::lock_guard lock(mutex_);
    looks_held_ = false;
    let_look_.notify_all();
  }

  std::string look() {
    std::unique_lock lock(mutex_);
    std::string state = states_.front();
    if (states_.size() > 1) states_.pop_front();
    calls_.push_back("look " + state);
    let_look_.wait(lock, [this] { return !looks_held_; });
    return state;
  }
  std::optional<std::string> read() {
    const std::lock_guard lock(mutex_);
    calls_.emplace_back("read");
    return fault_;
  }

  std::vector<std::string> take_calls() {
    const std::lock_guard lock(mutex_);
    return std::exchange(calls_, {});
  }
  std::size_t count(const std::string& call) {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::ranges::count(calls_, call));
  }

 private:
  std::mutex mutex_;
  std::condition_variable let_look_;
  bool looks_held_ = false;
  std::deque<std::string> states_{"a"};
  std::optional<std::string> fault_;
  std::vector<std::string> calls_;
};

class FileWatchTest : public testing::Test {
 protected:
  using Calls = std::vector<std::string>;
  using Lines = std::vector<std::string>;

  FileWatchTest() {
    logger_.set_level(LogCategory::server, static_cast<int>(LogLevel::info));
    FileWatch::Files files;
    files.name = "The files";
    files.fingerprint = [this] { return files_.look(); };
    files.read = [this]() -> Result<FileWatch::Use, std::string> {
      if (auto fault = files_.read()) return Failure{*fault};
      return FileWatch::Use([this] { ++uses_; });
    };
    watch_.emplace(loop_, std::move(files), logger_, Milliseconds(1));
  }

  void run_until(const std::function<bool()>& condition) {
    bool is_late = false;
    Timer limit(loop_, [&] { is_late = true; });
    limit.start_once(Milliseconds(10'000));
    while (!condition() && !is_late) loop_.run_once();
    ASSERT_TRUE(condition()) << "waited in vain";
  }
  void run_looks(std::size_t more, const std::string& state) {
    const std::size_t wanted = files_.count("look " + state) + more;
    run_until([&] { return files_.count("look " + state) >= wanted; });
  }

  FakeFiles files_;
  Loop loop_;
  Lines log_;
  Logger logger_{[this](LogRecord record) { log_.push_back(std::move(record.message)); }};
  int uses_ = 0;
  std::optional<FileWatch> watch_;
};

TEST_F(FileWatchTest, ReadsTheFilesOnceAndNotAgainWhileTheyStayTheSame) {
  EXPECT_TRUE(watch_->load());
  EXPECT_EQ(uses_, 1);
  watch_->start();
  run_looks(20, "a");
  EXPECT_EQ(files_.count("read"), 1U);
  EXPECT_EQ(uses_, 1);
  EXPECT_EQ(log_, Lines{});
}

TEST_F(FileWatchTest, SaysWhyTheFilesCannotBeUsedAtTheStart) {
  files_.set_fault("no key");
  const auto loaded = watch_->load();
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error(), "no key");
  EXPECT_EQ(uses_, 0);
}

// A certificate is written before its key, or the other way round.
TEST_F(FileWatchTest, ReadsAChangeWhenTwoLooksInARowHaveFoundTheSame) {
  ASSERT_TRUE(watch_->load());
  files_.take_calls();
  files_.will_be({"a", "b", "c", "d", "d"});
  watch_->start();
  run_until([this] { return uses_ == 2; });
  Calls calls = files_.take_calls();
  calls.resize(std::min<std::size_t>(calls.size(), 7));  // other looks may follow
  EXPECT_EQ(calls, (Calls{"look a", "look b", "look c", "look d", "look d", "look d", "read"}));
  EXPECT_EQ(log_, Lines{"The files have been reloaded"});
}

TEST_F(FileWatchTest, DoesNotReadAChangeThatWasTakenBack) {
  ASSERT_TRUE(watch_->load());
  files_.will_be({"b", "a"});
  watch_->start();
  run_looks(20, "a");
  EXPECT_EQ(files_.count("read"), 1U);
}

TEST_F(FileWatchTest, ReportsOnceThatAChangeCannotBeUsedAndReadsTheNextOne) {
  ASSERT_TRUE(watch_->load());
  files_.set_fault("no key");
  files_.will_be({"b"});
  watch_->start();
  run_until([this] { return !log_.empty(); });
  run_looks(20, "b");
  EXPECT_EQ(log_, Lines{"The files have not been reloaded, the old ones stay: no key"});
  EXPECT_EQ(uses_, 1);
  files_.set_fault(std::nullopt);
  files_.will_be({"c"});
  run_until([this] { return uses_ == 2; });
}

TEST_F(FileWatchTest, ReloadReadsUnchangedFiles) {
  ASSERT_TRUE(watch_->load());
  watch_->reload();
  run_until([this] { return uses_ == 2; });
  EXPECT_EQ(files_.count("read"), 2U);
  watch_->start();
  run_looks(5, "a");
  EXPECT_EQ(files_.count("read"), 2U);
}

TEST_F(FileWatchTest, AReloadDuringAReadReadsOnceMore) {
  ASSERT_TRUE(watch_->load());
  watch_->reload();
  watch_->reload();
  watch_->reload();
  run_until([this] { return uses_ == 3; });
  watch_->start();
  run_looks(5, "a");
  EXPECT_EQ(uses_, 3);
}

TEST_F(FileWatchTest, AReloadDuringALookReadsAfterIt) {
  ASSERT_TRUE(watch_->load());
  files_.hold_looks();
  watch_->start();
  run_looks(1, "a");
  watch_->reload();
  EXPECT_EQ(files_.count("read"), 1U);
  files_.let_look();
  run_until([this] { return uses_ == 2; });
}

TEST_F(FileWatchTest, StopEndsTheLooks) {
  ASSERT_TRUE(watch_->load());
  watch_->start();
  run_looks(3, "a");
  watch_->stop();
  loop_.run();  // until nothing is left that could cause a look
}

TEST_F(FileWatchTest, MayBeDestroyedDuringARead) {
  ASSERT_TRUE(watch_->load());
  watch_->reload();
  watch_.reset();
  loop_.run();
  EXPECT_EQ(files_.count("read"), 2U);
  EXPECT_EQ(uses_, 1);
  EXPECT_EQ(log_, Lines{});
}

}  // namespace
}  // namespace sioserve::net
