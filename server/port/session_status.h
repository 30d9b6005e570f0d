// What the application reads of an Engine.IO session whenever it likes, without a message between
// the threads for each change.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

namespace sioserve {

enum class SessionTransport { polling, websocket };

// Changed by the I/O thread, read by any thread; each value is right by itself.
struct SessionStatus {
  std::atomic<SessionTransport> transport = SessionTransport::polling;
  // From the latest ping to its pong, in microseconds; negative: there was none yet.
  std::atomic<std::int64_t> latency = -1;
};

using SharedSessionStatus = std::shared_ptr<const SessionStatus>;

}  // namespace sioserve
