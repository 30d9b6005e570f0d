// ASGI `websocket` across the port. A command for a stream that no longer exists does nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "server/base/bytes.h"
#include "server/base/http_values.h"
#include "server/port/ids.h"

namespace sioserve {

// --- events ---

struct WebSocketConnect {
  StreamId stream;
  SharedRequestHead head;
  SharedEndpoints endpoints;
  std::vector<std::string> subprotocols;
};

struct WebSocketMessage {
  StreamId stream;
  MessageKind kind;
  std::string payload;
};

// The client broke the protocol; its WebSocketDisconnect follows. Messages can be sent to it until
// WebSocketClose, which is posted when the application has taken all messages before the fault.
struct WebSocketFault {
  StreamId stream;
  std::uint16_t code;
  std::string reason;
};

struct WebSocketDisconnect {
  StreamId stream;
  std::uint16_t code;
  std::string reason;
};

// The kernel has taken `bytes` of the application's output on this stream. Reported only in steps
// of a quarter of the send window, so a small message causes no event.
struct WebSocketSendCredit {
  StreamId stream;
  std::size_t bytes;
};

using WebSocketEvent = std::variant<WebSocketConnect, WebSocketMessage, WebSocketDisconnect,
                                    WebSocketSendCredit, WebSocketFault>;

// --- commands ---

struct WebSocketAccept {
  StreamId stream;
  std::string subprotocol;  // empty: none
  Headers headers;
};

struct WebSocketSend {
  StreamId stream;
  MessageKind kind;
  std::string payload;
};

// Before the accept, it refuses the handshake with 403.
struct WebSocketClose {
  StreamId stream;
  std::uint16_t code;
  std::string reason;
};

// A denial response; only before the accept.
struct WebSocketDeny {
  StreamId stream;
  std::optional<ResponseHead> head;
  std::string body;
  bool more_body;
};

// The application failed: 500 before the accept, close code 1011 afterwards.
struct WebSocketFail {
  StreamId stream;
};

// The application took `bytes` of messages: the same number may be read from the socket.
struct WebSocketConsumed {
  StreamId stream;
  std::size_t bytes;
};

// The ASGI application hands this WebSocket over to Engine.IO, which handles it from now on.
struct WebSocketHandOver {
  StreamId stream;
};

using WebSocketCommand = std::variant<WebSocketAccept, WebSocketSend, WebSocketClose, WebSocketDeny,
                                      WebSocketFail, WebSocketConsumed, WebSocketHandOver>;

}  // namespace sioserve
