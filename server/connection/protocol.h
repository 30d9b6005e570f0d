// The current protocol of a connection: a TLS handshake, HTTP, WebSocket after an upgrade, or a
// lingering close.
#pragma once

#include <cstddef>
#include <string_view>

#include "server/base/clock.h"

namespace sioserve::connection {

// Input is kept while the protocol may not process it. Above this many bytes, reading pauses.
inline constexpr std::size_t max_kept = 65'536;

// Called by the connection only, and never from within a handler's call on an exchange or channel.
// After every other function the connection calls advance().
class Protocol {
 public:
  virtual ~Protocol() = default;

  virtual void on_read(std::string_view bytes) = 0;
  // The peer has shut down its sending side.
  virtual void on_end() = 0;
  virtual void on_drain() = 0;
  // The socket is broken. The connection is destroyed after this call.
  virtual void on_broken() = 0;
  // The server stops: finish requests in progress and accept no new ones.
  virtual void begin_stop() = 0;
  // deadline() has passed.
  virtual void on_deadline() = 0;
  // Does the work that has become possible since the last call.
  virtual void advance() = 0;

  // TimePoint::max(): none.
  virtual TimePoint deadline() const = 0;
};

}  // namespace sioserve::connection
