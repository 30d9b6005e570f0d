#include "server/access_log/log_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

namespace sioserve::access_log {
namespace {

namespace fs = std::filesystem;
constexpr Milliseconds patience{30'000};

class LogFileTest : public testing::Test {
 protected:
  LogFileTest() {
    std::string pattern = (fs::temp_directory_path() / "log_file_test.XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~LogFileTest() override { fs::remove_all(folder_); }

  std::unique_ptr<LogFile> open(const fs::path& path) {
    auto file = LogFile::open(path.string(), [this](LogLevel level, std::string message) {
      std::lock_guard lock(mutex_);
      reports_.push_back(std::to_string(static_cast<int>(level)) + " " + message);
    });
    EXPECT_TRUE(file) << file.error();
    return std::move(*file);
  }

  static std::string content(const fs::path& path) {
    std::ifstream stream(path);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
  }

  std::vector<std::string> reports() {
    std::lock_guard lock(mutex_);
    return reports_;
  }

  fs::path folder_;
  std::mutex mutex_;
  std::vector<std::string> reports_;
};

TEST_F(LogFileTest, AppendsToAnExistingFile) {
  const fs::path path = folder_ / "log";
  std::ofstream(path) << "before\n";
  auto file = open(path);
  file->start();
  file->write("one\n");
  file->write("two\n");
  file->flush(patience);
  EXPECT_EQ(content(path), "before\none\ntwo\n");
}

TEST_F(LogFileTest, WritesSoonWithoutAFlush) {
  auto file = open(folder_ / "log");
  file->start();
  file->write("one\n");
  const auto end = Clock::now() + patience;
  while (content(folder_ / "log").empty() && Clock::now() < end) std::this_thread::yield();
  EXPECT_EQ(content(folder_ / "log"), "one\n");
}

TEST_F(LogFileTest, WritesEverythingBeforeItIsDestroyed) {
  auto file = open(folder_ / "log");
  file->write("before the start\n");
  file->start();
  file->write("at the end\n");
  file.reset();
  EXPECT_EQ(content(folder_ / "log"), "before the start\nat the end\n");
}

TEST_F(LogFileTest, NamesTheReasonWhyAFileCannotBeOpened) {
  const auto file = LogFile::open((folder_ / "missing" / "log").string(), nullptr);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error(), "The access log can't be opened: " + (folder_ / "missing/log").string() +
                              ": No such file or directory");
}

TEST_F(LogFileTest, LosesNothingWhenItIsRotated) {
  const fs::path path = folder_ / "log";
  constexpr int lines = 20'000;
  auto file = open(path);
  file->start();
  std::thread rotator([&] {
    for (int i = 0; i < 20; ++i) {
      std::error_code missing;
      fs::rename(path, folder_ / ("log." + std::to_string(i)), missing);
      file->reopen();
      std::this_thread::sleep_for(Milliseconds(1));
    }
  });
  for (int i = 0; i < lines; ++i) file->write(std::to_string(i) + "\n");
  rotator.join();
  file.reset();
  std::vector<int> seen;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    std::ifstream stream(entry.path());
    for (int number; stream >> number;) seen.push_back(number);
  }
  std::sort(seen.begin(), seen.end());
  ASSERT_EQ(seen.size(), static_cast<std::size_t>(lines));
  for (int i = 0; i < lines; ++i) ASSERT_EQ(seen[static_cast<std::size_t>(i)], i);
}

TEST_F(LogFileTest, KeepsTheOldFileWhenItCannotReopenThePath) {
  const fs::path sub = folder_ / "sub";
  fs::create_directory(sub);
  auto file = open(sub / "log");
  file->start();
  fs::rename(sub, folder_ / "moved");
  file->reopen();
  file->write("kept\n");
  file->flush(patience);
  EXPECT_EQ(content(folder_ / "moved" / "log"), "kept\n");
  ASSERT_EQ(reports().size(), 1U);
  EXPECT_NE(reports()[0].find("40 The access log can't be reopened"), std::string::npos);
}

TEST_F(LogFileTest, ReportsAFullDiskOnce) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  const fs::path path = folder_ / "log";
  fs::create_symlink("/dev/full", path);
  auto file = open(path);
  file->start();
  for (int i = 0; i < 3; ++i) {
    file->write("lost\n");
    file->flush(patience);
  }
  ASSERT_EQ(reports().size(), 1U);
  EXPECT_EQ(reports()[0],
            "40 The access log " + path.string() + " can't be written: No space left on device");
  fs::remove(path);
  file->reopen();
  file->write("written\n");
  file->flush(patience);
  EXPECT_EQ(content(path), "written\n");
  ASSERT_EQ(reports().size(), 2U);
  EXPECT_EQ(reports()[1], "30 The access log " + path.string() +
                              " is written again; 3 lines could not be written");
}

TEST_F(LogFileTest, DropsAndCountsLinesIfAPipeIsNotRead) {
  const fs::path path = folder_ / "fifo";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  auto file = open(path);
  file->start();
  const std::string line = std::string(999, 'x') + "\n";
  for (int i = 0; i < 20'000; ++i) file->write(line);  // never blocks
  std::size_t bytes = 0;
  std::vector<char> buffer(65'536);
  const auto end = Clock::now() + patience;
  while (reports().empty() && Clock::now() < end) {
    const ssize_t count = ::read(reader, buffer.data(), buffer.size());
    if (count > 0) bytes += static_cast<std::size_t>(count);
    file->write(line);
  }
  ASSERT_FALSE(reports().empty());
  EXPECT_NE(reports()[0].find("is written too slowly: "), std::string::npos) << reports()[0];
  EXPECT_GT(bytes, 0U);
  ::close(reader);
  file.reset();
}

TEST_F(LogFileTest, EndsWithinSecondsIfAPipeIsNotRead) {
  const fs::path path = folder_ / "fifo";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
  auto file = open(path);
  file->start();
  for (int i = 0; i < 1000; ++i) file->write(std::string(999, 'x') + "\n");
  const auto begin = Clock::now();
  file.reset();
  EXPECT_LT(Clock::now() - begin, Milliseconds(20'000));
  ::close(reader);
}

TEST_F(LogFileTest, DoesNotWaitForAFifoWithoutAReader) {
  const fs::path path = folder_ / "fifo";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_FALSE(LogFile::open(path.string(), nullptr));
}

}  // namespace
}  // namespace sioserve::access_log
