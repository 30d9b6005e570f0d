#include "bench/bare_server/socket_io.h"

#include <cstdlib>

#include "bench/bare_server/websocket.h"

namespace bare {
namespace {

constexpr int no_room = -1;
constexpr int nobody = -1;

constexpr std::string_view open_packet =
    "0{\"sid\":\"bare\",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":20000,"
    "\"maxPayload\":1000000}";

std::string news(std::string_view arguments) { return "42[\"news\"," + std::string(arguments); }

}  // namespace

std::size_t SocketIOServer::on_input(Client& client, std::string_view input, std::string& answer) {
  std::size_t used = 0;
  if (!client.open) {
    const auto end = input.find("\r\n\r\n");
    if (end == std::string_view::npos) return 0;
    used = end + 4;
    client.open = true;
    answer += handshake;
    add_frame(answer, open_packet);
  }
  return used + read_frames(input.substr(used),
                            [&](std::string_view text) { on_message(client, text, answer); });
}

void SocketIOServer::on_close(const Client& client) {
  const auto found = rooms_of_clients_.find(client.fd());
  if (found == rooms_of_clients_.end()) return;
  std::erase(members_[found->second], client.fd());
  rooms_of_clients_.erase(found);
}

void SocketIOServer::on_message(Client& client, std::string_view text, std::string& answer) {
  if (text.starts_with("40")) return on_connect(client, text, answer);
  if (text.starts_with("42/relay,")) return to_room(room_of(client), text, client.fd());
  if (text.starts_with("42[\"all\",")) return to_all(news(text.substr(9)));
  if (text.starts_with("42[\"room\",\"r")) {
    const int room = std::atoi(text.data() + 12);
    return to_room(room, news(text.substr(text.find(',', 12) + 1)), nobody);
  }
  if (text.starts_with("42")) {
    const auto name = text.find('[');
    const auto arguments = text.find(',');
    if (name == std::string_view::npos || arguments == std::string_view::npos) return;
    std::string id = "43";
    id += text.substr(2, name - 2);
    id += '[';
    add_frame(answer, id, text.substr(arguments + 1));
  }
}

void SocketIOServer::on_connect(Client& client, std::string_view text, std::string& answer) {
  constexpr std::string_view key = "\"room\":\"r";
  if (const auto at = text.find(key); at != std::string_view::npos) {
    const int room = std::atoi(text.data() + at + key.size());
    rooms_of_clients_[client.fd()] = room;
    members_[room].push_back(client.fd());
  }
  add_frame(answer,
            text.starts_with("40/relay,") ? "40/relay,{\"sid\":\"bare\"}" : "40{\"sid\":\"bare\"}");
}

void SocketIOServer::to_all(const std::string& text) {
  std::string frame;
  add_frame(frame, text);
  for (const auto& client : clients()) {
    if (client && client->open) send(*client, frame);
  }
}

void SocketIOServer::to_room(int room, std::string_view text, int without) {
  const auto members = members_.find(room);
  if (members == members_.end()) return;
  std::string frame;
  add_frame(frame, text);
  for (const int fd : members->second) {
    if (fd != without) send(*client_of(fd), frame);
  }
}

int SocketIOServer::room_of(const Client& client) const {
  const auto found = rooms_of_clients_.find(client.fd());
  return found == rooms_of_clients_.end() ? no_room : found->second;
}

}  // namespace bare
