// The ASGI application for the I/O thread: creates the handlers of requests and WebSockets, and
// carries out the application's HTTP and WebSocket commands.
#pragma once

#include <memory>

#include "server/application/engine_handover.h"
#include "server/application/request_stream.h"
#include "server/application/websocket_stream.h"
#include "server/base/config.h"
#include "server/connection/stream_handlers.h"
#include "server/port/event_sink.h"
#include "server/port/ids.h"
#include "server/port/messages.h"

namespace sioserve::application {

// Lives on the I/O thread and outlives every connection. A command for a stream that no longer
// exists does nothing.
class AsgiApplication {
 public:
  AsgiApplication(EventSink& events, EngineHandover& engine, const Config& config)
      : events_(events), engine_(engine), config_(config) {}

  std::unique_ptr<connection::RequestHandler> make_handler(StreamId id,
                                                           connection::Exchange& exchange);
  std::unique_ptr<connection::WebSocketHandler> make_handler(StreamId id,
                                                             connection::WebSocketChannel& channel);

  void handle(HttpCommand&& command);
  void handle(WebSocketCommand&& command);
  // For a request or a WebSocket; see RequestStream and WebSocketStream.
  void process_lost(StreamId stream);
  void no_process_for(StreamId stream);
  // Resumes the streams that stopped reading because the event queue was full.
  void events_taken();

 private:
  void handle(HttpRespond&& command);
  void handle(HttpRespondFile&& command);
  void handle(HttpTrailers&& command);
  void handle(HttpEarlyHints&& command);
  void handle(HttpBodyConsumed&& command);
  void handle(HttpFail&& command);
  void handle(WebSocketAccept&& command);
  void handle(WebSocketSend&& command);
  void handle(WebSocketClose&& command);
  void handle(WebSocketDeny&& command);
  void handle(WebSocketFail&& command);
  void handle(WebSocketConsumed&& command);
  void handle(HttpHandOver&& command);
  void handle(WebSocketHandOver&& command);

  EventSink& events_;
  EngineHandover& engine_;
  const Config& config_;
  RequestStreams requests_;
  WebSocketStreams websockets_;
};

}  // namespace sioserve::application
