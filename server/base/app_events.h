// What the I/O thread tells the application thread: values only, in the order in which they
// happened.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "server/base/access_record.h"
#include "server/base/bytes.h"
#include "server/base/http_values.h"
#include "server/base/ids.h"
#include "server/base/json.h"
#include "server/base/logger.h"
#include "server/base/server_commands.h"
#include "server/base/session_status.h"

namespace sioserve {

// --- HTTP (ASGI `http`) ---

// A new request, with as much of its body as had arrived.
struct HttpRequest {
  StreamId stream;
  RequestHead head;
  SharedEndpoints endpoints;
  std::string body;
  bool more_body;
};

struct HttpBody {
  StreamId stream;
  std::string body;
  bool more_body;
};

// The client has gone, or the response is complete: nothing can be sent any more.
struct HttpDisconnect {
  StreamId stream;
};

// The client has ended its side and nothing was sent to it for long: it has probably gone. What
// is sent all the same still reaches it if it has not.
struct HttpAbandoned {
  StreamId stream;
};

// The application took too long: its response has been ended, its task is to be cancelled.
struct HttpTimedOut {
  StreamId stream;
};

// --- WebSocket (ASGI `websocket`) ---

struct WebSocketConnect {
  StreamId stream;
  RequestHead head;
  SharedEndpoints endpoints;
  std::vector<std::string> subprotocols;
};

struct WebSocketMessage {
  StreamId stream;
  MessageKind kind;
  std::string payload;
};

struct WebSocketDisconnect {
  StreamId stream;
  std::uint16_t code;
  std::string reason;
};

// --- Both ---

// `bytes` of what the application sent on this stream have reached the kernel. Reported only in
// steps of a quarter of the send window, so a small response causes none.
struct SendCredit {
  StreamId stream;
  std::size_t bytes;
};

// --- Engine.IO sessions and Socket.IO sockets ---

// Whether this handshake may become a session? Answered by one HandshakeDecision, in time.
struct HandshakeAsked {
  StreamId stream;
  RequestHead head;
  SharedEndpoints endpoints;
};

// Comes before the first SocketConnect of a session that was opened natively. A session that came
// through the ASGI application has its scope there already.
struct SessionOpened {
  SessionId session;
  RequestHead head;
  SharedEndpoints endpoints;
};

// After the SocketDisconnect of every socket of the session. Sent for every session that the
// application thread has heard of.
struct SessionClosed {
  SessionId session;
};

// Answered by exactly one SocketAccept or SocketRefuse.
struct SocketConnect {
  SocketId socket;
  SessionId session;
  std::string id;  // the id that the client sees
  std::string name_space;
  Json auth;  // an object; {} when the client sent none
  // The client has come back: it is in its rooms, and gets what it missed when it is accepted. The
  // number under which it has disconnected.
  std::optional<SocketId> recovered = std::nullopt;
  SharedSessionStatus status = nullptr;  // the same for all sockets of a session
};

// What a SocketWatch asked for has happened.
struct SessionSignalled {
  SessionId session;
  SessionSignal signal;
};

// Answered by exactly one SocketEventDone (or the SocketAck that includes it).
struct SocketEvent {
  SocketId socket;
  Json args;  // an array: event name, arguments; attachments are binary values
  std::optional<std::uint64_t> ack_id;
};

// The client's answer to an emit that asked for one.
struct SocketAcknowledged {
  SocketId socket;
  std::uint64_t callback_id;
  Json args;  // an array
};

// Why an acknowledgement that was asked for won't come, although the client is there.
enum class AckLoss {
  not_sent,   // the client could not take an event that may be dropped
  forgotten,  // the client owes too many: this is the oldest
  unread,     // it can't be read, as the application takes none of the events before it
};

struct SocketAcksLost {
  SocketId socket;
  std::vector<std::uint64_t> callback_ids;
  AckLoss why;
};

struct SocketDisconnect {
  SocketId socket;
  std::string reason;            // django-sio's word, for consumers
  std::string reference_reason;  // the reference server's word
  // The client may come back and be recovered; a SocketForgotten follows, or a SocketConnect that
  // names this socket. Until then, joins, leaves and events for it are carried out.
  bool may_return = false;
};

// The client did not come back in time.
struct SocketForgotten {
  SocketId socket;
};

// --- The server itself ---

// For Python's logging, where the access log goes there.
struct AccessEntry {
  std::string line;
  AccessRecord record;
};

// So many requests have been answered that the server is to be stopped; comes once.
struct RequestLimitReached {};

// Everything is closed; nothing follows.
struct ServerStopped {};

using AppEvent =
    std::variant<HttpRequest, HttpBody, HttpDisconnect, HttpAbandoned, HttpTimedOut,
                 WebSocketConnect, WebSocketMessage, WebSocketDisconnect, SendCredit,
                 HandshakeAsked, SessionOpened, SessionClosed, SocketConnect, SocketEvent,
                 SocketAcknowledged, SocketAcksLost, SocketDisconnect, SocketForgotten,
                 SessionSignalled, LogRecord, AccessEntry, RequestLimitReached, ServerStopped>;

}  // namespace sioserve
