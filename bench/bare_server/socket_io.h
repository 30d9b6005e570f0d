// Socket.IO as bench/socket_io_load speaks it over WebSockets, with prepared bytes: it accepts
// every handshake, sends no pings and parses no JSON. A broadcast is one send() for each recipient.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bench/bare_server/epoll_server.h"

namespace bare {

class SocketIOServer : public EpollServer {
 public:
  using EpollServer::EpollServer;

 protected:
  std::size_t on_input(Client& client, std::string_view input, std::string& answer) override;
  void on_close(const Client& client) override;

 private:
  void on_message(Client& client, std::string_view text, std::string& answer);
  void on_connect(Client& client, std::string_view text, std::string& answer);
  void to_all(const std::string& text);
  void to_room(int room, std::string_view text, int without);
  int room_of(const Client& client) const;

  std::unordered_map<int, int> rooms_of_clients_;      // by descriptor
  std::unordered_map<int, std::vector<int>> members_;  // by room
};

}  // namespace bare
