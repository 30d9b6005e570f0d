// One connection of a load generator: non-blocking, one thread, no library. It sends requests or
// frames that its scenario has prepared, and reports each answer.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "bench/web_load/answers.h"

namespace load {

using Clock = std::chrono::steady_clock;

class Client;

class Scenario {
 public:
  // The connection is open; with WebSockets, after the handshake.
  virtual void on_open(Client& client) = 0;
  // A whole response or message came, with this many bytes of body or payload.
  virtual void on_answer(Client& client, std::size_t size) = 0;

 protected:
  ~Scenario() = default;
};

class Client {
 public:
  enum class Protocol { http, websocket };

  Client(Protocol protocol, Scenario& scenario) : protocol_(protocol), scenario_(scenario) {}
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Registers the socket at `epoll`, with this object as data.
  void open(int epoll, std::uint16_t port);
  void on_ready(std::uint32_t events);
  // Writes at once what the socket takes, and the rest later.
  void send(std::string_view bytes);

  // For the scenario: when what is in flight was sent, or was due.
  Clock::time_point since{};

 private:
  enum class State { connecting, handshake, open };

  void on_connected();
  void read();
  std::string_view after_handshake(std::string_view data);
  void flush();
  void watch_writable(bool wanted);

  const Protocol protocol_;
  Scenario& scenario_;
  State state_ = State::connecting;
  int epoll_ = -1;
  int fd_ = -1;
  bool watches_writable_ = false;
  std::unique_ptr<AnswerReader> reader_;
  std::string handshake_;
  std::string output_;
};

// A text message in a masked frame; the mask is zero, so that the payload is as given.
std::string frame(std::string_view text);

}  // namespace load
