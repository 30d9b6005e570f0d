#include "bench/bare_server/web.h"

#include <cstdlib>

#include "bench/bare_server/websocket.h"

namespace bare {
namespace {

constexpr std::string_view end_of_head = "\r\n\r\n";

std::string head_of(std::size_t size) {
  return "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: " + std::to_string(size) +
         "\r\n\r\n";
}

// Answers the handshake; returns the number of used bytes.
std::size_t shake_hands(Client& client, std::string_view input, std::string& answer) {
  if (client.open) return 0;
  const auto end = input.find(end_of_head);
  if (end == std::string_view::npos) return 0;
  client.open = true;
  answer += handshake;
  return end + end_of_head.size();
}

}  // namespace

FixedResponses::FixedResponses(std::uint16_t port, std::size_t size)
    : EpollServer(port), response_(head_of(size) + std::string(size, 'x')) {}

std::size_t FixedResponses::on_input(Client&, std::string_view input, std::string& answer) {
  std::size_t used = 0;
  for (auto end = input.find(end_of_head); end != std::string_view::npos;
       end = input.find(end_of_head, used)) {
    used = end + end_of_head.size();
    answer += response_;
  }
  return used;
}

std::size_t BodyEcho::on_input(Client&, std::string_view input, std::string& answer) {
  constexpr std::string_view length = "Content-Length: ";
  const auto end = input.find(end_of_head);
  if (end == std::string_view::npos) return 0;
  const auto at = input.find(length);
  const std::size_t size =
      at < end ? std::strtoul(input.data() + at + length.size(), nullptr, 10) : 0;
  const std::size_t used = end + end_of_head.size() + size;
  if (input.size() < used) return 0;
  answer += head_of(size);
  answer += input.substr(end + end_of_head.size(), size);
  return used;
}

std::size_t MessageEcho::on_input(Client& client, std::string_view input, std::string& answer) {
  const std::size_t used = shake_hands(client, input, answer);
  if (!client.open) return 0;
  return used +
         read_frames(input.substr(used), [&](std::string_view text) { add_frame(answer, text); });
}

std::size_t MessageBroadcast::on_input(Client& client, std::string_view input,
                                       std::string& answer) {
  const std::size_t used = shake_hands(client, input, answer);
  if (!client.open) return 0;
  return used + read_frames(input.substr(used), [&](std::string_view text) {
           std::string frame;
           add_frame(frame, text);
           for (const auto& each : clients()) {
             if (each && each->open) send(*each, frame);
           }
         });
}

}  // namespace bare
