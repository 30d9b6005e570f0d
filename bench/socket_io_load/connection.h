// One Socket.IO client on a WebSocket, for a load generator: non-blocking, one thread, no library.
//
// Handshake, Engine.IO's open packet, CONNECT and its answer; then the scenario gets the messages.
// Masks are zero, so that frames can be prepared. An error of the peer ends the program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace load {

class Connection;

class Scenario {
 public:
  // Called when CONNECT has been answered.
  virtual void on_connected(Connection& connection) = 0;
  // A Socket.IO packet, without Engine.IO's "4".
  virtual void on_packet(Connection& connection, std::string_view packet) = 0;

 protected:
  ~Scenario() = default;
};

// A masked frame with an Engine.IO message: "4" and the packet.
std::string frame(std::string_view packet);

[[noreturn]] void fail(const std::string& message);

class Connection {
 public:
  Connection(std::size_t index, Scenario& scenario) : index_(index), scenario_(scenario) {}
  ~Connection() { close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  std::size_t index() const { return index_; }

  // Registers the socket at `epoll`, with this object as data.
  void open(int epoll, std::uint16_t port, std::string_view path);
  // Closes immediately, without TIME_WAIT.
  void close();

  // Frames are collected and written at the end of a read, or by flush().
  void send(std::string_view frames) { output_ += frames; }
  void flush();
  void on_ready(std::uint32_t events);

 private:
  enum class State { closed, connecting, handshake, opening, joining, connected };

  void read();
  // Returns the number of used bytes.
  std::size_t read_frames(std::string_view data);
  void on_frame(unsigned char opcode, std::string_view payload);
  void on_text(std::string_view text);
  void watch(bool writable);

  const std::size_t index_;
  Scenario& scenario_;
  State state_ = State::closed;
  int epoll_ = -1;
  int fd_ = -1;
  bool watches_writable_ = false;
  std::uint16_t port_ = 0;
  std::string path_;
  std::string input_;
  std::string output_;
};

}  // namespace load
