// How a handshake that the ASGI application has approved becomes an Engine.IO session.
#pragma once

#include <memory>

#include "server/connection/stream_handlers.h"
#include "server/port/ids.h"

namespace sioserve::application {

// Implemented on top of server/transport. The handler returned takes over the stream; its first
// callback (on_request, on_upgrade_request) is made by the caller. The session, if one comes of it,
// has the number of the stream.
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
