// A load generator for HTTP and WebSocket servers: many clients in one thread.
//
//   web_load requests PORT CLIENTS SECONDS SERVER ANSWER BODY
//       each client has one request for / in flight: GET, or POST if BODY is not 0
//   web_load echo PORT CLIENTS SECONDS SERVER SIZE
//       each client has one WebSocket message of SIZE bytes in flight, and gets it back
//   web_load broadcast PORT CLIENTS SECONDS SERVER SIZE
//       the first client sends a message, which the server sends to all; it sends the next one when
//       all have got it. Counted are deliveries.
//   web_load paced PORT CLIENTS SECONDS SERVER ANSWER RATE
//       this many GET requests per second, each one at its time, whether or not the ones before it
//       have been answered. Latency counts from that time, also while all clients wait: there is no
//       coordinated omission.
//
// ANSWER and BODY are bytes of a body; another answer is an error. SERVER is a process id.
//
// Prints JSON: {"count": ..., "seconds": ..., "cpu": ..., "latency": {"50": ..., "99": ...}}. "cpu"
// are the CPU seconds of the server and its descendants. "latency" has percentiles in milliseconds.
// Connecting is not counted, nor what comes before the clients have been busy for half a second.
#include <sys/epoll.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "bench/web_load/client.h"
#include "bench/web_load/process_times.h"

namespace load {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr std::size_t connecting_at_once = 64;
constexpr double longest_start = 60;  // seconds until all clients are connected
constexpr double longest_wait = 10;   // seconds for late answers
constexpr double percentiles[] = {50, 75, 90, 95, 99, 99.5, 99.9, 99.99, 100};

struct Options {
  std::string scenario;
  std::uint16_t port;
  std::size_t clients;
  double seconds;
  std::string server;
  std::size_t size;   // of an answer
  std::size_t extra;  // BODY or RATE
};

// Connects clients a few at a time, warms the server up, and measures.
class Load : public Scenario {
 public:
  Load(Options options, Client::Protocol protocol)
      : options_(std::move(options)), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    for (std::size_t i = 0; i < options_.clients; ++i) {
      clients_.push_back(std::make_unique<Client>(protocol, *this));
    }
  }
  virtual ~Load() = default;

  void run() {
    while (opened_ < clients_.size() && opened_ < connecting_at_once) open_next();
    turn_until([this] { return connected_ == clients_.size(); }, longest_start);
    if (connected_ < clients_.size()) fail("not all clients could connect");
    begin();
    turn_until([] { return false; }, std::min(0.5, options_.seconds));
    const std::size_t before = count_;
    const double cpu = cpu_time_of_tree(options_.server);
    const auto start = Clock::now();
    latencies_.clear();
    turn_until([] { return false; }, options_.seconds);
    // In a short time on a busy machine there may be none.
    turn_until([&] { return count_ > before; }, longest_wait);
    const Seconds took = Clock::now() - start;
    const double spent = cpu_time_of_tree(options_.server) - cpu;
    const std::size_t counted = count_ - before;
    finish();
    if (counted == 0) fail("no answer");
    print(counted, took.count(), spent);
  }

  void on_open(Client&) override {
    ++connected_;
    if (opened_ < clients_.size()) open_next();
  }

  void on_answer(Client& client, std::size_t size) override {
    if (size != options_.size) fail("an answer of " + std::to_string(size) + " bytes");
    ++count_;
    on_right_answer(client);
  }

 protected:
  virtual void begin() = 0;
  virtual void on_right_answer(Client& client) = 0;
  // Called in every turn.
  virtual void between_turns() {}
  // After the measured time.
  virtual void finish() {}
  // Whether the thread may sleep until something comes.
  virtual bool may_sleep() const { return clients_.size() > 1; }

  template <typename Done>
  void turn_until(Done done, double seconds) {
    const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(Seconds(seconds));
    epoll_event events[256];
    while (!done() && Clock::now() < end) {
      between_turns();
      const int count = ::epoll_wait(epoll_, events, 256, may_sleep() ? 5 : 0);
      for (int i = 0; i < count; ++i) {
        static_cast<Client*>(events[i].data.ptr)->on_ready(events[i].events);
      }
    }
  }

  void record(Clock::time_point since) {
    latencies_.push_back(std::chrono::duration<float, std::milli>(Clock::now() - since).count());
  }

  const Options options_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::size_t count_ = 0;

 private:
  void open_next() { clients_[opened_++]->open(epoll_, options_.port); }

  void print(std::size_t counted, double seconds, double cpu) {
    std::printf("{\"count\": %zu, \"seconds\": %f, \"cpu\": %f, \"latency\": {", counted, seconds,
                cpu);
    std::sort(latencies_.begin(), latencies_.end());
    const char* comma = "";
    for (const double each : percentiles) {
      if (latencies_.empty()) break;
      const auto rank = std::ceil(each / 100 * static_cast<double>(latencies_.size()));
      const auto index = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
      std::printf("%s\"%g\": %.4f", comma, each, static_cast<double>(latencies_[index]));
      comma = ", ";
    }
    std::printf("}}\n");
  }

  const int epoll_;
  std::size_t opened_ = 0;
  std::size_t connected_ = 0;
  std::vector<float> latencies_;  // milliseconds
};

std::string get_request() { return "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"; }

std::string post_request(std::size_t body) {
  return "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\nContent-Length: " +
         std::to_string(body) + "\r\n\r\n" + std::string(body, 'x');
}

// Every client sends the same again when it has got its answer.
class ClosedLoop final : public Load {
 public:
  ClosedLoop(Options options, Client::Protocol protocol, std::string message)
      : Load(std::move(options), protocol), message_(std::move(message)) {}

 private:
  void begin() override {
    for (const auto& client : clients_) send(*client);
  }

  void on_right_answer(Client& client) override {
    record(client.since);
    send(client);
  }

  void send(Client& client) {
    client.since = Clock::now();
    client.send(message_);
  }

  const std::string message_;
};

class Broadcast final : public Load {
 public:
  explicit Broadcast(Options options)
      : Load(std::move(options), Client::Protocol::websocket),
        message_(frame(std::string(options_.size, 'x'))) {}

 private:
  void begin() override { clients_[0]->send(message_); }

  void on_right_answer(Client&) override {
    if (count_ % clients_.size() == 0) clients_[0]->send(message_);
  }

  const std::string message_;
};

class Paced final : public Load {
 public:
  explicit Paced(Options options)
      : Load(std::move(options), Client::Protocol::http),
        message_(get_request()),
        interval_(std::chrono::duration_cast<Clock::duration>(
            Seconds(1.0 / static_cast<double>(options_.extra)))) {}

 private:
  void begin() override {
    for (const auto& client : clients_) idle_.push_back(client.get());
    next_ = Clock::now();
    running_ = true;
  }

  void between_turns() override {
    if (!running_) return;
    for (const auto now = Clock::now(); next_ <= now; next_ += interval_) due_.push_back(next_);
    send_due();
  }

  void on_right_answer(Client& client) override {
    record(client.since);
    idle_.push_back(&client);
    send_due();
  }

  // The longest idle client is next: each one has its turn.
  void send_due() {
    while (!due_.empty() && !idle_.empty()) {
      Client& client = *idle_.front();
      idle_.pop_front();
      client.since = due_.front();
      due_.pop_front();
      client.send(message_);
    }
  }

  // Late answers count, also those to requests that could not yet be sent.
  void finish() override {
    running_ = false;
    turn_until([this] { return due_.empty() && idle_.size() == clients_.size(); }, longest_wait);
    if (idle_.size() < clients_.size()) fail("the server does not keep up with the rate");
  }

  bool may_sleep() const override { return !running_; }

  const std::string message_;
  const Clock::duration interval_;
  Clock::time_point next_{};
  std::deque<Clock::time_point> due_;
  std::deque<Client*> idle_;
  bool running_ = false;
};

std::unique_ptr<Load> load_of(const Options& options) {
  using Protocol = Client::Protocol;
  if (options.scenario == "requests") {
    std::string request = options.extra ? post_request(options.extra) : get_request();
    return std::make_unique<ClosedLoop>(options, Protocol::http, std::move(request));
  }
  if (options.scenario == "echo") {
    std::string message = frame(std::string(options.size, 'x'));
    return std::make_unique<ClosedLoop>(options, Protocol::websocket, std::move(message));
  }
  if (options.scenario == "broadcast") return std::make_unique<Broadcast>(options);
  if (options.scenario == "paced" && options.extra) return std::make_unique<Paced>(options);
  fail("no scenario " + options.scenario);
}

}  // namespace
}  // namespace load

int main(int argc, char** argv) {
  if (argc < 7)
    load::fail("usage: web_load SCENARIO PORT CLIENTS SECONDS SERVER SIZE [BODY or RATE]");
  load::Options options{argv[1],
                        static_cast<std::uint16_t>(std::atoi(argv[2])),
                        std::strtoul(argv[3], nullptr, 10),
                        std::strtod(argv[4], nullptr),
                        argv[5],
                        std::strtoul(argv[6], nullptr, 10),
                        argc > 7 ? std::strtoul(argv[7], nullptr, 10) : 0};
  if (options.clients == 0 || options.seconds <= 0)
    load::fail("CLIENTS and SECONDS must be positive");
  load::load_of(options)->run();
}
