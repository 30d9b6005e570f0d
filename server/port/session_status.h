// How an Engine.IO session is doing.
#pragma once

#include <chrono>
#include <optional>

namespace sioserve {

enum class SessionTransport { polling, websocket };

struct SessionStatus {
  SessionTransport transport = SessionTransport::polling;
  std::optional<std::chrono::microseconds> latency;  // from the latest ping to its pong
};

}  // namespace sioserve
