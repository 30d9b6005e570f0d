// What a connection speaks at the moment: HTTP, WebSocket after an upgrade, or nothing but waiting
// for the end.
#pragma once

#include <string_view>

#include "server/base/clock.h"

namespace sioserve::connection {

// Called by the connection only, and never from within a handler's call on an exchange or channel.
// After every other function the connection calls advance().
class Protocol {
 public:
  virtual ~Protocol() = default;

  virtual void on_read(std::string_view bytes) = 0;
  // The peer will send nothing more.
  virtual void on_end() = 0;
  virtual void on_drain() = 0;
  // The socket is unusable. The connection goes right after this.
  virtual void on_broken() = 0;
  // The server stops: finish what is under way and begin nothing new.
  virtual void begin_stop() = 0;
  // deadline() has passed.
  virtual void on_deadline() = 0;
  // Does whatever has become possible or due since the last call.
  virtual void advance() = 0;

  // TimePoint::max(): none.
  virtual TimePoint deadline() const = 0;
};

}  // namespace sioserve::connection
