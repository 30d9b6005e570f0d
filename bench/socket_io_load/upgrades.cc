// New connections as browsers make them: handshake and CONNECT by polling, an upgrade to a
// WebSocket, disconnect. An event with its acknowledgement over the WebSocket proves that the
// upgrade is complete.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/socket_io_load/connection.h"
#include "bench/socket_io_load/fail.h"
#include "bench/socket_io_load/polling_client.h"
#include "bench/socket_io_load/scenarios.h"

namespace load {
namespace {

class Upgrades final : public Runner, public PollingScenario, public Scenario {
 public:
  explicit Upgrades(Options options)
      : Runner(std::move(options)),
        event_(frame("20[\"echo\"," + payload() + "]")),
        ports_(options_.clients) {
    for (std::size_t i = 0; i < options_.clients; ++i) {
      pollers_.push_back(std::make_unique<PollingClient>(i, *this));
      websockets_.push_back(std::make_unique<Connection>(i, *this));
    }
  }

 private:
  void connect() override {}
  bool all_connected() const override { return true; }
  void begin() override {
    for (std::size_t i = 0; i < pollers_.size(); ++i) open(i);
  }

  void open(std::size_t client) {
    ports_[client] = next_port();
    pollers_[client]->open(epoll_, ports_[client]);
  }

  void on_connected(PollingClient& poller) override {
    const std::size_t client = poller.index();
    websockets_[client]->open_probe(epoll_, ports_[client], poller.sid());
  }

  // The probe is answered; the server ends the GET, and then the poller is paused.
  void on_connected(Connection& websocket) override { pollers_[websocket.index()]->pause(); }

  void on_paused(PollingClient& poller) override {
    Connection& websocket = *websockets_[poller.index()];
    websocket.upgrade();
    websocket.send(event_);
    websocket.flush();
  }

  void on_packet(PollingClient&, std::string_view packet) override {
    fail("not expected by polling: " + std::string(packet));
  }

  void on_packet(Connection& websocket, std::string_view packet) override {
    if (!packet.starts_with("30[")) fail("not the answer: " + std::string(packet));
    ++count_;
    done_.push_back(websocket.index());
  }

  // Deferred: not within a call of the clients that are closed.
  void after_turn() override {
    for (const std::size_t client : std::exchange(done_, {})) {
      pollers_[client]->close();
      websockets_[client]->close();
      open(client);
    }
  }

  const std::string event_;
  std::vector<std::uint16_t> ports_;
  std::vector<std::unique_ptr<PollingClient>> pollers_;
  std::vector<std::unique_ptr<Connection>> websockets_;
  std::vector<std::size_t> done_;
};

}  // namespace

std::unique_ptr<Runner> upgrades(Options options) {
  return std::make_unique<Upgrades>(std::move(options));
}

}  // namespace load
