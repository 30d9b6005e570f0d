// One Socket.IO client that polls: a connection for GET, which is always under way, and one for
// POST, as a browser has them. Non-blocking, one thread.
//
// The handshake, then CONNECT with a POST, whose answer comes with a GET. An upgrade pauses the
// client: no GET follows the one that is under way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "bench/socket_io_load/http.h"

namespace load {

class PollingClient;

class PollingScenario {
 public:
  // Called when CONNECT has been answered.
  virtual void on_connected(PollingClient& client) = 0;
  // A Socket.IO packet, without Engine.IO's "4".
  virtual void on_packet(PollingClient& client, std::string_view packet) = 0;
  // After pause(): no request is under way.
  virtual void on_paused(PollingClient&) {}

 protected:
  ~PollingScenario() = default;
};

class PollingClient final : public HttpUser {
 public:
  PollingClient(std::size_t index, PollingScenario& scenario)
      : index_(index), scenario_(scenario) {}

  std::size_t index() const { return index_; }
  const std::string& sid() const { return sid_; }

  void open(int epoll, std::uint16_t port);
  void close();
  // Packets are collected, and sent with one POST as soon as none is under way.
  void send(std::string_view packet);
  void pause() { pausing_ = true; }

 private:
  enum class State { closed, opening, joining, connected };

  void on_response(HttpConnection& connection, std::string_view body) override;
  void on_payload(std::string_view body);
  void on_message(std::string_view message);
  void queue(std::string_view message);
  void post_queued();
  void poll();

  const std::size_t index_;
  PollingScenario& scenario_;
  State state_ = State::closed;
  bool pausing_ = false;
  std::string sid_;
  std::string target_;
  std::string queued_;
  HttpConnection getter_{*this};
  HttpConnection poster_{*this};
};

}  // namespace load
