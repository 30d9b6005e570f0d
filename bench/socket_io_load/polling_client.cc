#include "bench/socket_io_load/polling_client.h"

#include <utility>

#include "bench/socket_io_load/fail.h"

namespace load {
namespace {

constexpr char separator = '\x1e';
constexpr std::string_view path = "/socket.io/?EIO=4&transport=polling";

}  // namespace

void PollingClient::open(int epoll, std::uint16_t port) {
  state_ = State::opening;
  pausing_ = false;
  queued_.clear();
  getter_.open(epoll, port);
  poster_.open(epoll, port);
  getter_.get(path);
  getter_.flush();
}

void PollingClient::close() {
  state_ = State::closed;
  getter_.close();
  poster_.close();
}

void PollingClient::send(std::string_view packet) { queue("4" + std::string(packet)); }

void PollingClient::queue(std::string_view message) {
  if (!queued_.empty()) queued_ += separator;
  queued_ += message;
  if (!poster_.busy()) post_queued();
}

void PollingClient::post_queued() {
  poster_.post(target_, std::exchange(queued_, {}));
  poster_.flush();
}

void PollingClient::poll() {
  getter_.get(target_);
  getter_.flush();
}

void PollingClient::on_response(HttpConnection& connection, std::string_view body) {
  if (&connection == &poster_) {
    if (body != "ok" && body != "OK") fail("not the answer to a POST: " + std::string(body));
    if (!queued_.empty()) post_queued();
  } else {
    on_payload(body);
    if (state_ == State::closed) return;
    if (!pausing_) poll();
  }
  if (pausing_ && !getter_.busy() && !poster_.busy()) scenario_.on_paused(*this);
}

void PollingClient::on_payload(std::string_view body) {
  while (!body.empty()) {
    const auto end = body.find(separator);
    on_message(body.substr(0, end));
    if (end == std::string_view::npos) return;
    body.remove_prefix(end + 1);
  }
}

void PollingClient::on_message(std::string_view message) {
  if (message == "2") return queue("3");
  switch (state_) {
    case State::opening: {
      constexpr std::string_view key = "\"sid\":\"";
      const auto at = message.find(key);
      if (!message.starts_with('0') || at == std::string_view::npos) {
        fail("no open packet: " + std::string(message));
      }
      const auto start = at + key.size();
      sid_ = message.substr(start, message.find('"', start) - start);
      target_ = std::string(path) + "&sid=" + sid_;
      state_ = State::joining;
      return queue("40");
    }
    case State::joining:
      if (!message.starts_with("40")) fail("CONNECT was refused: " + std::string(message));
      state_ = State::connected;
      return scenario_.on_connected(*this);
    case State::connected:
      if (message.starts_with('4')) scenario_.on_packet(*this, message.substr(1));
      return;
    case State::closed:
      return;
  }
}

}  // namespace load
