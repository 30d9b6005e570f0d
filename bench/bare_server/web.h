// HTTP and WebSockets as bench/web_load speaks them, with prepared bytes: no request is parsed
// beyond its end. The protocols do what the applications of the same names in bench/web_app.py do.
#pragma once

#include <string>
#include <string_view>

#include "bench/bare_server/epoll_server.h"

namespace bare {

// Answers each request, which has no body, with `size` bytes.
class FixedResponses : public EpollServer {
 public:
  FixedResponses(std::uint16_t port, std::size_t size);

 protected:
  std::size_t on_input(Client& client, std::string_view input, std::string& answer) override;

 private:
  const std::string response_;
};

// Answers each request with its body.
class BodyEcho : public EpollServer {
 public:
  using EpollServer::EpollServer;

 protected:
  std::size_t on_input(Client& client, std::string_view input, std::string& answer) override;
};

// Sends each WebSocket message back.
class MessageEcho : public EpollServer {
 public:
  using EpollServer::EpollServer;

 protected:
  std::size_t on_input(Client& client, std::string_view input, std::string& answer) override;
};

// Sends each WebSocket message to all clients, with one send() for each.
class MessageBroadcast : public EpollServer {
 public:
  using EpollServer::EpollServer;

 protected:
  std::size_t on_input(Client& client, std::string_view input, std::string& answer) override;
};

}  // namespace bare
