// Why a Socket.IO socket or a whole Engine.IO session ended.
#pragma once

namespace sioserve::engine {

enum class CloseReason {
  client_disconnect,     // a DISCONNECT packet: one namespace only
  server_disconnect,     // the application disconnected one socket
  server_close,          // the application ended the session
  server_shutdown,       // the server stops
  process_lost,          // the Python process that served it has died
  client_close,          // Engine.IO's close packet
  websocket_disconnect,  // the WebSocket has closed
  websocket_fault,       // its peer broke the WebSocket protocol
  polling_disconnect,    // a polling request was given up before its answer
  timeout,               // no pong in time
  connect_timeout,       // no namespace joined in time
  concurrent_get,
  concurrent_post,
  bad_packet,          // not an Engine.IO packet
  malformed_packet,    // not a Socket.IO packet
  wrong_content_type,  // binary polling, which protocol 4 does not have
  wrong_heartbeat,     // a ping from the client: in protocol 4 only the server pings
  payload_too_large,   // a WebSocket message over max_payload
  missing_connect,     // a packet for a namespace that was not joined
  unexpected_packet,   // a second CONNECT, a CONNECT_ERROR
  slow_consumer,       // more than max_queued_bytes were queued
  replaced,            // the client was recovered on another connection
};

// Whether the client may be recovered (connection state recovery): neither side has disconnected it
// deliberately. The list of reasons is that of the reference server.
bool is_recoverable(CloseReason reason);

// The term of django-sio; reasons that django-sio does not have get a name in the same style.
const char* describe(CloseReason reason);
// The term of the reference server (Node's socket.io).
const char* describe_as_reference(CloseReason reason);

}  // namespace sioserve::engine
