// A redis-server on a Unix socket, and buses that use it.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/base/counters.h"
#include "server/base/logger.h"
#include "server/net/loop.h"
#include "server/net/timer.h"
#include "server/redis/redis_bus.h"

namespace sioserve::redis {

class RedisServer {
 public:
  RedisServer() {
    folder_ = testing::TempDir() + "redis_XXXXXX";
    EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
  }
  ~RedisServer() {
    kill();
    std::filesystem::remove_all(folder_);
  }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  std::string socket() const { return folder_ + "/redis.sock"; }

  // Returns when it answers. `settings` are further words of the command line.
  void start(const std::vector<std::string>& settings = {}) {
    std::vector<std::string> words = {
        "redis-server",  "--port", "0", "--unixsocket", socket(), "--dir",
        folder_,         "--save", "",  "--appendonly", "no",     "--logfile",
        folder_ + "/log"};
    words.insert(words.end(), settings.begin(), settings.end());
    pid_ = spawn(words);
    while (command({"ping"}) != 0) {
      ASSERT_EQ(::waitpid(pid_, nullptr, WNOHANG), 0) << "redis-server has ended";
    }
  }
  // Ends it without notice, also if it is paused.
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(std::exchange(pid_, 0), nullptr, 0);
  }
  // The kernel accepts connections and bytes for it, but nothing answers.
  void pause() { ::kill(pid_, SIGSTOP); }
  void resume() { ::kill(pid_, SIGCONT); }

  // Sends one command with redis-cli and returns its exit status.
  int command(std::vector<std::string> words) {
    words.insert(words.begin(), {"redis-cli", "-s", socket()});
    int status = 0;
    ::waitpid(spawn(words), &status, 0);
    return status;
  }

 private:
  static pid_t spawn(const std::vector<std::string>& words) {
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t pid = 0;
    EXPECT_EQ(::posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ), 0)
        << "these tests need " << words[0];
    posix_spawn_file_actions_destroy(&actions);
    return pid;
  }

  std::string folder_;
  pid_t pid_ = 0;
};

class Observer final : public socketio::cluster::BusObserver {
 public:
  void message_received(std::string_view channel, std::string_view payload) override {
    messages.push_back(std::string(channel) + "=" + std::string(payload));
  }
  void bus_connected() override { ++connected; }
  void bus_interrupted() override { ++interrupted; }

  std::vector<std::string> messages;
  int connected = 0;
  int interrupted = 0;
};

// One server's bus, with what it has told.
struct Member {
  Member(net::Loop& loop, RedisBusSettings settings)
      : logger([this](LogRecord record) {
          (record.level == LogLevel::warning ? warnings : infos).push_back(record.message);
        }),
        bus(loop, std::move(settings), logger, counters) {
    logger.set_level(LogCategory::socketio, static_cast<int>(LogLevel::info));
    logger.set_level(LogCategory::server, static_cast<int>(LogLevel::info));
  }

  std::uint64_t count(Counter counter) const { return counters.get(counter); }
  bool has_warned(std::string_view part) const {
    return std::ranges::any_of(
        warnings, [part](const std::string& line) { return line.find(part) != std::string::npos; });
  }

  bool has_said(std::string_view part) const {
    return std::ranges::any_of(
        infos, [part](const std::string& line) { return line.find(part) != std::string::npos; });
  }

  std::vector<std::string> warnings;
  std::vector<std::string> infos;
  Counters counters;
  Logger logger;
  Observer observer;
  RedisBus bus;
};

class RedisTest : public testing::Test {
 protected:
  using Published = socketio::cluster::Bus::Published;
  using Texts = std::vector<std::string>;

  RedisBusSettings settings() const {
    RedisBusSettings made;
    made.url.target = net::UnixTarget{server_.socket()};
    made.times = {Milliseconds(60'000), Milliseconds(60'000)};
    return made;
  }

  std::unique_ptr<Member> start_member(RedisBusSettings made, const Texts& channels = {}) {
    auto member = std::make_unique<Member>(loop_, std::move(made));
    for (const std::string& channel : channels) member->bus.subscribe(channel);
    member->bus.start(member->observer);
    return member;
  }
  std::unique_ptr<Member> connect_member(RedisBusSettings made, const Texts& channels = {}) {
    auto member = start_member(std::move(made), channels);
    run_until([&] { return member->observer.connected > 0; });
    return member;
  }

  void run_until(const std::function<bool()>& condition) {
    bool late = false;
    net::Timer limit(loop_, [&] { late = true; });
    limit.start_once(Milliseconds(30'000));
    while (!condition() && !late) loop_.run_once();
    ASSERT_TRUE(condition()) << "waited in vain";
  }

  // Until all earlier subscriptions and messages of the member have come through Redis.
  void settle(Member& member) {
    const std::string channel = "settle" + std::to_string(++settled_);
    member.bus.subscribe(channel);
    const auto counted = [&] {
      std::optional<std::optional<std::size_t>> count;
      member.bus.count_subscribers(channel, [&](auto number) { count = number; });
      run_until([&] { return count.has_value(); });
      return count->value_or(0);
    };
    while (counted() == 0) {
    }
    member.bus.publish(channel, "");
    run_until([&] { return std::ranges::count(member.observer.messages, channel + "=") > 0; });
    std::erase(member.observer.messages, channel + "=");
    member.bus.unsubscribe(channel);
  }

  net::Loop loop_;
  RedisServer server_;
  int settled_ = 0;
};

}  // namespace sioserve::redis
