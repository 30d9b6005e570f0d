// One more client, whose events occupy the handlers of the application all the time: ["burn",
// SECONDS], again and again.
#pragma once

#include <cstdint>
#include <string>

#include "bench/socket_io_load/connection.h"

namespace load {

class Burner final : public Scenario {
 public:
  // Burns from now on, for `seconds` in each event; not at all if that is 0.
  Burner(int epoll, std::uint16_t port, double seconds);

 private:
  void on_connected(Connection& connection) override;
  void on_packet(Connection& connection, std::string_view packet) override;

  const std::string event_;
  Connection connection_;
};

}  // namespace load
