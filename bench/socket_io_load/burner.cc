#include "bench/socket_io_load/burner.h"

#include <cstdio>

#include "bench/socket_io_load/fail.h"

namespace load {
namespace {

std::string event_of(double seconds) {
  char text[64];
  std::snprintf(text, sizeof text, "20[\"burn\",%g]", seconds);
  return frame(text);
}

}  // namespace

Burner::Burner(int epoll, std::uint16_t port, double seconds)
    : event_(event_of(seconds)), connection_(0, *this) {
  if (seconds > 0) connection_.open(epoll, port, "0");
}

void Burner::on_connected(Connection& connection) { connection.send(event_); }

void Burner::on_packet(Connection& connection, std::string_view packet) {
  if (!packet.starts_with("30[")) fail("not the answer of a burn: " + std::string(packet));
  connection.send(event_);
}

}  // namespace load
