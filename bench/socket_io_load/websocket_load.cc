#include "bench/socket_io_load/websocket_load.h"

#include <utility>

namespace load {
namespace {

constexpr std::size_t connecting_at_once = 64;

}  // namespace

WebSocketLoad::WebSocketLoad(Options options) : Runner(std::move(options)) {
  for (std::size_t i = 0; i < options_.clients; ++i) {
    connections_.push_back(std::make_unique<Connection>(i, *this));
  }
}

void WebSocketLoad::connect() {
  while (opened_ < connections_.size() && opened_ < connecting_at_once) {
    open(*connections_[opened_++]);
  }
}

void WebSocketLoad::on_connected(Connection&) {
  ++connected_;
  if (opened_ < connections_.size()) open(*connections_[opened_++]);
}

void WebSocketLoad::open(Connection& connection) {
  connection.open(epoll_, next_port(), connect_packet(connection.index()));
}

void WebSocketLoad::post(std::size_t client, const std::string& frames) {
  connections_[client]->send(frames);
  unflushed_.push_back(connections_[client].get());
}

void WebSocketLoad::after_turn() {
  for (Connection* connection : unflushed_) connection->flush();
  unflushed_.clear();
}

}  // namespace load
