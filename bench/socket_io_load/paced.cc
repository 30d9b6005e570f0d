// An open loop: events are sent on a fixed schedule, whether or not the server keeps up, and the
// latency of an answer or delivery counts from the time when its event was due.
//
// --event ack: the clients take turns, and each event is acknowledged. all: the first client's
// events are broadcast to everyone by a handler. relay: they are relayed to the other clients of
// one room.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
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
constexpr std::size_t digits = 16;

class Paced final : public WebSocketLoad {
 public:
  explicit Paced(Options options) : WebSocketLoad(std::move(options)) {
    if (options_.rate <= 0) fail("an open loop needs --rate");
    if (options_.event == "ack") {
      recipients_ = 1;
    } else if (options_.event == "all") {
      recipients_ = options_.clients;
    } else if (options_.event == "relay") {
      recipients_ = options_.clients - 1;
    } else {
      fail("--event is ack, all or relay");
    }
    if (recipients_ == 0) fail("there is no recipient");
  }

 private:
  struct Event {
    Clock::time_point due;
    std::size_t missing;  // deliveries
  };

  std::string connect_packet(std::size_t) const override {
    return options_.event == "relay" ? "0/relay,{\"room\":\"r0\"}" : "0";
  }

  void begin() override {
    burner_.emplace(epoll_, next_port(), options_.burn);
    start_ = Clock::now();
    sends_ = true;
  }
  void on_counting() override { first_counted_ = sent_.size(); }

  Clock::time_point due(std::size_t event) const {
    return start_ + seconds_of(static_cast<double>(event) / options_.rate);
  }
  Clock::time_point next_turn() const override {
    return sends_ ? due(sent_.size()) : Clock::time_point::max();
  }

  void after_turn() override {
    while (sends_ && due(sent_.size()) <= Clock::now()) {
      const std::size_t number = sent_.size();
      sent_.push_back({due(number), recipients_});
      post(options_.event == "ack" ? number % connections_.size() : 0, event(number));
    }
    WebSocketLoad::after_turn();
  }

  // Its number is at the start of the payload, and is the id of an acknowledgement.
  std::string event(std::size_t number) const {
    char text[digits + 1];
    std::snprintf(text, sizeof text, "%016zu", number);
    const std::string argument =
        "\"" + std::string(text) + std::string(options_.payload - digits, 'x') + "\"]";
    if (options_.event == "ack")
      return frame("2" + std::to_string(number) + "[\"echo\"," + argument);
    if (options_.event == "all") return frame("2[\"all\"," + argument);
    return frame("2/relay,[\"move\"," + argument);
  }

  void on_packet(Connection&, std::string_view packet) override {
    const auto quote = packet.rfind('"', packet.size() - 3);
    std::size_t number = sent_.size();
    if (quote != std::string_view::npos && packet.size() - quote > digits) {
      std::from_chars(packet.data() + quote + 1, packet.data() + quote + 1 + digits, number);
    }
    if (number >= sent_.size() || sent_[number].missing == 0) {
      fail("not an answer: " + std::string(packet));
    }
    ++count_;
    --sent_[number].missing;
    if (number >= first_counted_) latencies_.add(Clock::now() - sent_[number].due);
  }

  // What has not come by now is as late as that, at least: it is not left out.
  void finish() override {
    sends_ = false;
    const auto all_came = [this] {
      return std::all_of(sent_.begin(), sent_.end(), [](const Event& e) { return e.missing == 0; });
    };
    turn_until(all_came, Clock::now() + seconds_of(drain_timeout));
    const auto now = Clock::now();
    for (std::size_t number = first_counted_; number < sent_.size(); ++number) {
      missing_ += sent_[number].missing;
      for (std::size_t i = 0; i < sent_[number].missing; ++i)
        latencies_.add(now - sent_[number].due);
    }
  }

  std::string more() override {
    return ", \"latencies\": " + std::to_string(latencies_.size()) +
           ", \"missing\": " + std::to_string(missing_) +
           ", \"percentiles\": " + latencies_.percentiles();
  }

  std::size_t recipients_ = 0;  // of each event
  std::optional<Burner> burner_;
  bool sends_ = false;
  Clock::time_point start_;
  std::vector<Event> sent_;
  std::size_t first_counted_ = SIZE_MAX;  // until the warm-up is over
  std::size_t missing_ = 0;
  Latencies latencies_;
};

}  // namespace

std::unique_ptr<Runner> paced(Options options) {
  return std::make_unique<Paced>(std::move(options));
}

}  // namespace load
