// New connections over WebSockets: handshake, CONNECT and its answer, disconnect. With --count,
// until so many have been made, however long that takes.
#include <string>
#include <utility>
#include <vector>

#include "bench/socket_io_load/scenarios.h"
#include "bench/socket_io_load/websocket_load.h"

namespace load {
namespace {

class Connects final : public WebSocketLoad {
 public:
  using WebSocketLoad::WebSocketLoad;

  void run() override {
    if (options_.count == 0) return Runner::run();
    connect_all();
    begin();
    turn_until([this] { return count_ >= options_.count; }, Clock::time_point::max());
  }

 private:
  void begin() override {
    for (const auto& connection : connections_) done_.push_back(connection.get());
  }

  void on_connected(Connection& connection) override {
    WebSocketLoad::on_connected(connection);
    if (connected_ <= connections_.size()) return;
    ++count_;
    done_.push_back(&connection);
  }

  void on_packet(Connection&, std::string_view) override {}

  // Deferred: not within a call of the connection that is closed.
  void after_turn() override {
    for (Connection* connection : std::exchange(done_, {})) {
      connection->close();
      open(*connection);
    }
  }

  std::vector<Connection*> done_;
};

}  // namespace

std::unique_ptr<Runner> connects(Options options) {
  return std::make_unique<Connects>(std::move(options));
}

}  // namespace load
