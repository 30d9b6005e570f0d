// How late a server's pings are: each is due one ping interval after the last one, which the client
// answered at once, or after the client has connected. Counts pings. The clients connect one after
// another during one second, so that their pings do not come all at once.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/socket_io_load/burner.h"
#include "bench/socket_io_load/fail.h"
#include "bench/socket_io_load/scenarios.h"
#include "bench/socket_io_load/websocket_load.h"

namespace load {
namespace {

constexpr double drain_timeout = 5;
constexpr double connect_time = 1;

class Heartbeats final : public WebSocketLoad {
 public:
  explicit Heartbeats(Options options)
      : WebSocketLoad(std::move(options)), due_(options_.clients) {}

 private:
  void connect() override { start_ = Clock::now(); }
  Clock::time_point next_turn() const override {
    if (opened_ == connections_.size()) return Clock::time_point::max();
    const double share = static_cast<double>(opened_) / static_cast<double>(connections_.size());
    return start_ + seconds_of(share * connect_time);
  }
  void after_turn() override {
    while (next_turn() <= Clock::now()) open(*connections_[opened_++]);
  }

  void begin() override { burner_.emplace(epoll_, next_port(), options_.burn); }
  void on_counting() override { counts_ = true; }

  void on_connected(Connection& connection) override {
    ++connected_;
    expect_ping(connection, Clock::now());
  }

  void on_packet(Connection&, std::string_view) override {}

  void on_ping(Connection& connection) override {
    const auto now = Clock::now();
    const Clock::time_point due = due_[connection.index()];
    if (counts_ && due < end_) add(due, now);
    expect_ping(connection, now);
    ++count_;
  }

  void expect_ping(Connection& connection, Clock::time_point last) {
    due_[connection.index()] = last + std::chrono::milliseconds(connection.ping_interval());
  }

  void add(Clock::time_point due, Clock::time_point now) {
    latencies_.add(std::max(now - due, Clock::duration::zero()));
  }

  // Waits for the pings that are due by now. One that does not come is as late as that, at least.
  void finish() override {
    end_ = Clock::now();
    const auto all_came = [this] {
      return std::all_of(due_.begin(), due_.end(), [this](auto due) { return due >= end_; });
    };
    turn_until(all_came, Clock::now() + seconds_of(drain_timeout));
    const auto now = Clock::now();
    for (const Clock::time_point due : due_) {
      if (due < end_) add(due, now);
    }
  }

  std::string more() override {
    if (latencies_.size() == 0) fail("there was no ping; is the ping interval short enough?");
    return ", \"latencies\": " + std::to_string(latencies_.size()) +
           ", \"percentiles\": " + latencies_.percentiles();
  }

  Clock::time_point start_;
  std::size_t opened_ = 0;
  std::vector<Clock::time_point> due_;  // by client
  std::optional<Burner> burner_;
  bool counts_ = false;
  Clock::time_point end_ = Clock::time_point::max();
  Latencies latencies_;
};

}  // namespace

std::unique_ptr<Runner> heartbeats(Options options) {
  return std::make_unique<Heartbeats>(std::move(options));
}

}  // namespace load
