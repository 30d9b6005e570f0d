// Turns a handshake that the ASGI application has accepted into an Engine.IO session.
#pragma once

#include <memory>

#include "server/connection/stream_handlers.h"
#include "server/port/ids.h"

namespace sioserve::application {

// Implemented by server/transport. The returned handler takes over the stream; the caller makes its
// first callback (on_request, on_upgrade_request). If a session is created, it gets the number of
// the stream.
class EngineHandover {
 public:
  virtual std::unique_ptr<connection::RequestHandler> adopt(connection::Exchange& exchange,
                                                            StreamId stream) = 0;
  virtual std::unique_ptr<connection::WebSocketHandler> adopt(connection::WebSocketChannel& channel,
                                                              StreamId stream) = 0;

 protected:
  ~EngineHandover() = default;
};

}  // namespace sioserve::application
