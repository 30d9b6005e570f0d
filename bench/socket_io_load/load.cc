// A load generator for Socket.IO servers: clients on WebSockets, in one thread.
//
//   socketio_load acks PORT CLIENTS IN_FLIGHT SECONDS SERVER
//       each client has this many events ["echo", 16 bytes] with acknowledgements in flight
//   socketio_load broadcast PORT CLIENTS IN_FLIGHT SECONDS SERVER
//       one client sends ["all", 16 bytes], which the server emits to all clients; the next one is
//       sent when each client has got it; this many are in flight
//   socketio_load connects PORT AT_ONCE 1 SECONDS SERVER
//       handshake, CONNECT, disconnect
//   socketio_load idle PORT CLIENTS 1 SECONDS SERVER
//       connects the clients, prints a line, and waits for the end of its input
//
// PORT and SERVER may be lists, "8001,8002": the clients are divided evenly among the servers of a
// cluster, and broadcasts are sent to the first one.
//
// Prints JSON: {"count": ..., "seconds": ..., "cpu": ..., "user": ...}; "cpu" is the CPU time of the
// servers, which are process ids, in seconds, and "user" the part of it that is not the kernel's.
// The first second is not counted.
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "bench/socket_io_load/connection.h"

namespace load {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t connecting_at_once = 64;
constexpr const char* payload = "\"0123456789abcdef\"";

struct Options {
  std::string scenario;
  std::vector<std::uint16_t> ports;
  std::size_t clients;
  std::size_t in_flight;
  double seconds;
  std::vector<std::string> servers;
};

struct CpuTime {
  double all = 0;
  double user = 0;  // without the kernel
};

// Of all threads of a process, in seconds.
CpuTime cpu_time(const std::string& process) {
  std::ifstream file("/proc/" + process + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  const auto second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  return {(user + system) / second, user / second};
}

CpuTime cpu_time(const std::vector<std::string>& processes) {
  CpuTime sum;
  for (const std::string& process : processes) {
    const CpuTime one = cpu_time(process);
    sum.all += one.all;
    sum.user += one.user;
  }
  return sum;
}

std::vector<std::string> divided(const std::string& list) {
  std::vector<std::string> parts;
  std::istringstream stream(list);
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  if (parts.empty()) fail("an argument is empty");
  return parts;
}

// Connects clients a few at a time, then runs the scenario.
class Load : public Scenario {
 public:
  explicit Load(Options options) : options_(std::move(options)), epoll_(::epoll_create1(0)) {
    for (std::size_t i = 0; i < options_.clients; ++i) {
      connections_.push_back(std::make_unique<Connection>(i, *this));
    }
  }
  virtual ~Load() = default;

  void run() {
    while (opened_ < connections_.size() && opened_ < connecting_at_once) open_next();
    turn_until([this] { return connected_ == connections_.size(); }, 600);
    begin();
    turn_until([] { return false; }, 1);
    const std::size_t before = count_;
    const CpuTime cpu = cpu_time(options_.servers);
    const auto start = Clock::now();
    turn_until([] { return false; }, options_.seconds);
    const std::chrono::duration<double> took = Clock::now() - start;
    const CpuTime after = cpu_time(options_.servers);
    std::printf("{\"count\": %zu, \"seconds\": %f, \"cpu\": %f, \"user\": %f}\n", count_ - before,
                took.count(), after.all - cpu.all, after.user - cpu.user);
  }

  void on_connected(Connection&) override {
    ++connected_;
    if (opened_ < connections_.size()) open_next();
  }

 protected:
  virtual void begin() = 0;

  void open_next() { open(*connections_[opened_++]); }
  void open(Connection& connection) {
    connection.open(epoll_, options_.ports[turns_++ % options_.ports.size()], "/socket.io/");
  }

  void turn_until(const std::function<bool()>& done, double seconds) {
    const auto end = Clock::now() + std::chrono::duration<double>(seconds);
    epoll_event events[256];
    while (!done() && Clock::now() < end) {
      const int count = ::epoll_wait(epoll_, events, 256, 20);
      for (int i = 0; i < count; ++i) {
        static_cast<Connection*>(events[i].data.ptr)->on_ready(events[i].events);
      }
      after_turn();
    }
  }
  virtual void after_turn() {}

  const Options options_;
  const int epoll_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::size_t opened_ = 0;
  std::size_t turns_ = 0;  // of the servers
  std::size_t connected_ = 0;
  std::size_t count_ = 0;
};

class Acks final : public Load {
 public:
  explicit Acks(Options options) : Load(std::move(options)) {
    for (std::size_t id = 0; id < options_.in_flight; ++id) {
      events_.push_back(frame("2" + std::to_string(id) + "[\"echo\"," + payload + "]"));
    }
  }

 private:
  void begin() override {
    for (const auto& connection : connections_) {
      for (const std::string& event : events_) connection->send(event);
      connection->flush();
    }
  }

  void on_packet(Connection& connection, std::string_view packet) override {
    std::size_t id = 0, i = 1;
    for (; i < packet.size() && packet[i] >= '0' && packet[i] <= '9'; ++i) {
      id = id * 10 + static_cast<std::size_t>(packet[i] - '0');
    }
    if (packet[0] != '3' || id >= events_.size() || packet.size() != i + 20) {
      fail("not the answer: " + std::string(packet));
    }
    ++count_;
    connection.send(events_[id]);
  }

  std::vector<std::string> events_;
};

class Broadcast final : public Load {
 public:
  explicit Broadcast(Options options)
      : Load(std::move(options)), event_(frame(std::string("2[\"all\",") + payload + "]")) {}

 private:
  void begin() override {
    for (std::size_t i = 0; i < options_.in_flight; ++i) send_one();
    connections_[0]->flush();
  }

  void send_one() {
    connections_[0]->send(event_);
    due_ += connections_.size();
  }

  void on_packet(Connection&, std::string_view packet) override {
    if (!packet.starts_with("2[\"news\",")) fail("not the broadcast: " + std::string(packet));
    ++count_;
  }

  void after_turn() override {
    if (due_ == 0) return;
    bool sent = false;
    while (count_ + connections_.size() * (options_.in_flight - 1) >= due_) {
      send_one();
      sent = true;
    }
    if (sent) connections_[0]->flush();
  }

  const std::string event_;
  std::size_t due_ = 0;  // deliveries of everything sent
};

class Connects final : public Load {
 public:
  using Load::Load;

 private:
  void begin() override {
    for (const auto& connection : connections_) done_.push_back(connection.get());
  }

  void on_connected(Connection& connection) override {
    Load::on_connected(connection);
    if (connected_ <= connections_.size()) return;
    ++count_;
    done_.push_back(&connection);
  }

  void on_packet(Connection&, std::string_view) override {}

  // Deferred: not within a call of the connection that is destroyed.
  void after_turn() override {
    for (Connection* connection : std::exchange(done_, {})) {
      connection->close();
      open(*connection);
    }
  }

  std::vector<Connection*> done_;
};

class Idle final : public Load {
 public:
  using Load::Load;

 private:
  void begin() override {
    std::printf("{\"connected\": %zu}\n", connections_.size());
    std::fflush(stdout);
    char byte;
    while (::read(STDIN_FILENO, &byte, 1) > 0) {
    }
    std::exit(0);
  }

  void on_packet(Connection&, std::string_view) override {}
};

void allow_many_files() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

int run(int count, char** arguments) {
  if (count != 7) {
    fail("arguments: acks|broadcast|connects|idle PORT CLIENTS IN_FLIGHT SECONDS SERVER");
  }
  allow_many_files();
  Options options{arguments[1],
                  {},
                  std::strtoul(arguments[3], nullptr, 10),
                  std::strtoul(arguments[4], nullptr, 10),
                  std::atof(arguments[5]),
                  divided(arguments[6])};
  for (const std::string& port : divided(arguments[2])) {
    options.ports.push_back(static_cast<std::uint16_t>(std::atoi(port.c_str())));
  }
  const std::string scenario = options.scenario;
  if (scenario == "acks") {
    Acks(std::move(options)).run();
  } else if (scenario == "broadcast") {
    Broadcast(std::move(options)).run();
  } else if (scenario == "connects") {
    Connects(std::move(options)).run();
  } else if (scenario == "idle") {
    Idle(std::move(options)).run();
  } else {
    fail("no scenario " + scenario);
  }
  return 0;
}

}  // namespace
}  // namespace load

int main(int count, char** arguments) { return load::run(count, arguments); }
