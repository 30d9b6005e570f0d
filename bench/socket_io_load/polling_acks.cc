// Events with acknowledgements from polling clients, a closed loop: a POST for the event, a GET for
// the answer.
#include <charconv>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/socket_io_load/fail.h"
#include "bench/socket_io_load/polling_client.h"
#include "bench/socket_io_load/scenarios.h"

namespace load {
namespace {

class PollingAcks final : public Runner, public PollingScenario {
 public:
  explicit PollingAcks(Options options) : Runner(std::move(options)) {
    for (std::size_t i = 0; i < options_.clients; ++i) {
      clients_.push_back(std::make_unique<PollingClient>(i, *this));
    }
  }

 private:
  void connect() override {
    for (const auto& client : clients_) client->open(epoll_, next_port());
  }
  bool all_connected() const override { return connected_ == clients_.size(); }
  void on_connected(PollingClient&) override { ++connected_; }

  void begin() override {
    for (const auto& client : clients_) {
      for (std::size_t id = 0; id < options_.in_flight; ++id) send(*client, id);
    }
  }

  void send(PollingClient& client, std::size_t id) {
    client.send("2" + std::to_string(id) + "[\"echo\"," + payload() + "]");
  }

  void on_packet(PollingClient& client, std::string_view packet) override {
    std::size_t id = options_.in_flight;
    const char* end = packet.data() + packet.size();
    const auto [rest, error] = std::from_chars(packet.data() + 1, end, id);
    if (packet[0] != '3' || error != std::errc{} || id >= options_.in_flight ||
        std::string_view(rest, end) != "[" + payload() + "]") {
      fail("not the answer: " + std::string(packet));
    }
    ++count_;
    send(client, id);
  }

  std::vector<std::unique_ptr<PollingClient>> clients_;
  std::size_t connected_ = 0;
};

}  // namespace

std::unique_ptr<Runner> polling_acks(Options options) {
  return std::make_unique<PollingAcks>(std::move(options));
}

}  // namespace load
