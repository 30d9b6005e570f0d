// Every setting of one server, as plain values with their defaults. Filled by the bridge.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "server/base/clock.h"

namespace sioserve {

struct EngineIoConfig {
  Milliseconds ping_interval{25'000};
  Milliseconds ping_timeout{20'000};
  Milliseconds upgrade_timeout{10'000};  // for a probing WebSocket to finish its upgrade
  Milliseconds connect_timeout{45'000};  // for a session to connect to its first namespace
  std::size_t max_payload = 1'000'000;   // bytes of one message or polling body, inbound
};

struct SocketIoConfig {
  std::size_t max_attachments = 10;
  std::size_t max_json_depth = 64;
  std::size_t max_event_name = 1024;          // bytes
  std::size_t max_events_in_flight = 256;     // per session, handed to the application
  std::size_t max_queued_bytes = 64'000'000;  // per session, waiting for a slow client
};

struct Config {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8000;  // 0: any free port
  int backlog = 2048;

  // Engine.IO is answered natively on this path (with or without a final slash) when
  // native_socketio is set; client files (`<path>/socket.io.js`) always are.
  std::string socketio_path = "/socket.io";
  bool native_socketio = false;
  std::vector<std::string> namespaces = {"/"};  // served from the start
  // For handshakes on the native path: Django's ALLOWED_HOSTS patterns that an Origin header must
  // match; "*" matches anything.
  std::vector<std::string> allowed_hosts;
  std::string client_directory;  // holds socket.io.js and its variants; empty: not served

  EngineIoConfig engine_io;
  SocketIoConfig socket_io;

  std::size_t max_header_bytes = 65'536;
  std::size_t max_websocket_message = 1'048'576;
  std::size_t send_window = 262'144;     // bytes of a response waiting for a slow client
  std::size_t receive_window = 262'144;  // bytes of a request body waiting for the application
  std::size_t max_app_events = 65'536;   // events waiting for the application, in all
  Milliseconds keep_alive_timeout{75'000};
  Milliseconds graceful_timeout{10'000};
};

}  // namespace sioserve
