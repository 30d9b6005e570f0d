// The transport and the latency of an Engine.IO session.
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
