// The ASGI application as the I/O thread sees it: makes the handlers that speak for it, and carries
// out its HTTP and WebSocket commands.
#pragma once

#include <memory>

#include "server/application/engine_handover.h"
#include "server/application/request_stream.h"
#include "server/application/stream_table.h"
#include "server/application/websocket_stream.h"
#include "server/base/config.h"
#include "server/connection/stream_handlers.h"
#include "server/port/event_sink.h"
#include "server/port/ids.h"
#include "server/port/messages.h"

namespace sioserve::application {

// Lives on the I/O thread and outlives every connection. A command for a stream that has gone does
// nothing.
class AsgiApplication {
 public:
  AsgiApplication(EventSink& events, EngineHandover& engine, const Config& config)
      : events_(events), engine_(engine), config_(config) {}

  std::unique_ptr<connection::RequestHandler> make_handler(StreamId id,
                                                           connection::Exchange& exchange);
  std::unique_ptr<connection::WebSocketHandler> make_handler(StreamId id,
                                                             connection::WebSocketChannel& channel);

  void handle(HttpCommand command);
  void handle(WebSocketCommand command);
  // Streams that stopped reading while too many events waited go on.
  void events_taken();

 private:
  void handle(HttpRespond command);
  void handle(HttpRespondFile command);
  void handle(HttpTrailers command);
  void handle(HttpEarlyHints command);
  void handle(HttpBodyConsumed command);
  void handle(HttpFail command);
  void handle(WebSocketAccept command);
  void handle(WebSocketSend command);
  void handle(WebSocketClose command);
  void handle(WebSocketDeny command);
  void handle(WebSocketFail command);
  void handle(WebSocketConsumed command);
  void handle(HttpHandOver command);
  void handle(WebSocketHandOver command);

  EventSink& events_;
  EngineHandover& engine_;
  const Config& config_;
  StreamTable<RequestStream> requests_;
  StreamTable<WebSocketStream> websockets_;
};

}  // namespace sioserve::application
