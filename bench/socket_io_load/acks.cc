// Events with acknowledgements over WebSockets, a closed loop.
#include <charconv>
#include <string>
#include <utility>
#include <vector>

#include "bench/socket_io_load/fail.h"
#include "bench/socket_io_load/scenarios.h"
#include "bench/socket_io_load/websocket_load.h"

namespace load {
namespace {

class Acks final : public WebSocketLoad {
 public:
  explicit Acks(Options options) : WebSocketLoad(std::move(options)) {
    for (std::size_t id = 0; id < options_.in_flight; ++id) {
      events_.push_back(frame("2" + std::to_string(id) + "[\"echo\"," + payload() + "]"));
    }
    arguments_ = "[" + payload() + "]";
  }

 private:
  void begin() override {
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      for (const std::string& event : events_) post(i, event);
    }
  }

  void on_packet(Connection& connection, std::string_view packet) override {
    std::size_t id = events_.size();
    const auto [end, error] = std::from_chars(packet.data() + 1, packet.data() + packet.size(), id);
    if (packet[0] != '3' || error != std::errc{} || id >= events_.size() ||
        packet.substr(static_cast<std::size_t>(end - packet.data())) != arguments_) {
      fail("not the answer: " + std::string(packet));
    }
    ++count_;
    connection.send(events_[id]);
  }

  std::vector<std::string> events_;  // by their ids
  std::string arguments_;            // of an answer
};

}  // namespace

std::unique_ptr<Runner> acks(Options options) { return std::make_unique<Acks>(std::move(options)); }

}  // namespace load
