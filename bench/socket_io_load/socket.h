// What the kinds of clients share: non-blocking sockets at one epoll.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace load {

// What epoll calls; a pointer to it is the event's data.
class Watcher {
 public:
  virtual void on_ready(std::uint32_t events) = 0;

 protected:
  ~Watcher() = default;
};

// A TCP connection to 127.0.0.1. Output is collected, and written by flush(). An error ends the
// program.
class Socket {
 public:
  Socket() = default;
  ~Socket() { close(); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void open(int epoll, std::uint16_t port, Watcher& watcher);
  // Immediately, without TIME_WAIT.
  void close();
  bool is_open() const { return fd_ >= 0; }

  void send(std::string_view bytes) { output_ += bytes; }
  void flush();
  // To be called first by Watcher::on_ready. Returns what was received; valid until the next call
  // for any socket.
  std::string_view on_ready(std::uint32_t events);

 private:
  std::string_view read();
  void watch(bool writable);

  int epoll_ = -1;
  int fd_ = -1;
  bool connecting_ = false;
  bool watches_writable_ = false;
  Watcher* watcher_ = nullptr;
  std::string output_;
};

}  // namespace load
