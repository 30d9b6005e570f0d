// One Socket.IO client on a WebSocket, for a load generator: non-blocking, one thread, no library.
//
// Handshake, Engine.IO's open packet, CONNECT and its answer; then the scenario gets the messages.
// A client that upgrades from polling has a sid: handshake, Engine.IO's probe and its answer.
// Masks are zero, so that frames can be prepared. An error of the peer ends the program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "bench/socket_io_load/socket.h"

namespace load {

class Connection;

class Scenario {
 public:
  // Called when CONNECT, or the probe, has been answered.
  virtual void on_connected(Connection& connection) = 0;
  // A Socket.IO packet, without Engine.IO's "4".
  virtual void on_packet(Connection& connection, std::string_view packet) = 0;
  // Engine.IO's ping; the pong has been sent.
  virtual void on_ping(Connection&) {}

 protected:
  ~Scenario() = default;
};

// A masked frame with an Engine.IO message: "4" and the packet.
std::string frame(std::string_view packet);

class Connection final : public Watcher {
 public:
  Connection(std::size_t index, Scenario& scenario) : index_(index), scenario_(scenario) {}

  std::size_t index() const { return index_; }
  // Milliseconds, from the open packet.
  std::size_t ping_interval() const { return ping_interval_; }

  // Registers the socket at `epoll`. `connect` is the CONNECT packet, for example "0/chat,".
  void open(int epoll, std::uint16_t port, std::string connect);
  // The same for an upgrade of the session `sid`.
  void open_probe(int epoll, std::uint16_t port, std::string_view sid);
  // Closes immediately, without TIME_WAIT.
  void close();

  // Frames are collected and written at the end of a read, or by flush().
  void send(std::string_view frames) { socket_.send(frames); }
  // After the probe: from now on, the session uses this WebSocket.
  void upgrade();
  void flush() { socket_.flush(); }
  void on_ready(std::uint32_t events) override;

 private:
  enum class State { closed, handshake, opening, joining, probing, connected };

  void start(int epoll, std::uint16_t port, std::string_view query);
  void take(std::string_view data);
  // Returns the number of used bytes.
  std::size_t read_frames(std::string_view data);
  void on_frame(unsigned char opcode, std::string_view payload);
  void on_text(std::string_view text);
  void on_open_packet(std::string_view text);

  const std::size_t index_;
  Scenario& scenario_;
  State state_ = State::closed;
  bool probes_ = false;
  std::size_t ping_interval_ = 0;
  std::string connect_;
  std::string input_;
  Socket socket_;
};

}  // namespace load
