// A scenario whose clients use WebSockets.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/socket_io_load/connection.h"
#include "bench/socket_io_load/runner.h"

namespace load {

class WebSocketLoad : public Runner, public Scenario {
 public:
  explicit WebSocketLoad(Options options);

  void on_connected(Connection&) override;

 protected:
  void connect() override;
  bool all_connected() const override { return connected_ >= connections_.size(); }
  void after_turn() override;

  // The CONNECT packet of a client.
  virtual std::string connect_packet(std::size_t) const { return "0"; }

  void open(Connection& connection);
  // Sends frames with client's connection, at the end of this turn.
  void post(std::size_t client, const std::string& frames);

  std::vector<std::unique_ptr<Connection>> connections_;
  std::size_t connected_ = 0;

 private:
  std::size_t opened_ = 0;
  std::vector<Connection*> unflushed_;
};

}  // namespace load
