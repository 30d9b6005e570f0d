// A client's side of one HTTP/1.1 connection that is kept alive: one request at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bench/socket_io_load/socket.h"

namespace load {

class HttpConnection;

class HttpUser {
 public:
  // A response with status 200 has come; others end the program.
  virtual void on_response(HttpConnection& connection, std::string_view body) = 0;

 protected:
  ~HttpUser() = default;
};

class HttpConnection final : public Watcher {
 public:
  explicit HttpConnection(HttpUser& user) : user_(user) {}

  void open(int epoll, std::uint16_t port);
  void close() { socket_.close(); }
  bool busy() const { return busy_; }

  // Written at the end of a read, or by flush().
  void get(std::string_view target);
  void post(std::string_view target, std::string_view body);
  void flush() { socket_.flush(); }

  void on_ready(std::uint32_t events) override;

 private:
  void request(std::string_view method, std::string_view target, std::string_view more);
  void take_response();

  HttpUser& user_;
  Socket socket_;
  std::string host_;
  std::string input_;
  bool busy_ = false;
};

}  // namespace load
