// What the application thread (or any other thread) tells the I/O thread. Commands are carried out
// in the order in which they were posted. One about something that has gone does nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "server/base/bytes.h"
#include "server/base/compression.h"
#include "server/base/file_part.h"
#include "server/base/http_values.h"
#include "server/base/ids.h"
#include "server/base/relays.h"

namespace sioserve {

// --- HTTP ---

// The start of a response travels with its first part of the body.
struct HttpRespond {
  StreamId stream;
  std::optional<ResponseHead> head;
  std::string body;
  bool more_body;
};

// A response whose body is a file.
struct HttpRespondFile {
  StreamId stream;
  ResponseHead head;
  FilePart file;
  bool more_body;  // trailers follow
};

// The end of a response whose body was sent with more_body.
struct HttpTrailers {
  StreamId stream;
  Headers trailers;
};

struct HttpEarlyHints {
  StreamId stream;
  std::vector<std::string> links;
};

// The application took `bytes` of the request's body: as many more may be read from the socket.
struct HttpBodyConsumed {
  StreamId stream;
  std::size_t bytes;
};

// The application failed. Before the start of a response the client gets a 500, afterwards the
// connection is closed so that the client sees the response is cut.
struct HttpFail {
  StreamId stream;
};

// --- WebSocket ---

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

// Before the accept it refuses the handshake with 403.
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

// The application took `bytes` of messages: as many more may be read from the socket.
struct WebSocketConsumed {
  StreamId stream;
  std::size_t bytes;
};

// --- Engine.IO and Socket.IO ---

// The ASGI application hands this request (HTTP or WebSocket) over to Engine.IO, which checks
// and answers it from here on.
struct EngineAccept {
  StreamId stream;
};

// From now on the application is asked about each handshake.
struct AskAboutHandshakes {};

// The answer to HandshakeAsked. `refusal` is what the client is told, empty for the usual words.
struct HandshakeDecision {
  StreamId stream;
  std::optional<std::string> refusal;  // nullopt: the handshake goes on
};

// The arguments of an event or ack, encoded once: a JSON array in which every attachment stands as
// {"_placeholder":true,"num":n}, and the attachments in that order.
struct EncodedArgs {
  std::string json;
  std::vector<std::string> attachments;
};

// CONNECT is answered; what was emitted to the socket meanwhile follows.
struct SocketAccept {
  SocketId socket;
  SharedRelays relays = nullptr;  // of which events; null: none
};

// CONNECT_ERROR with `payload`, a JSON object ({"message": ..., "data": ...}).
struct SocketRefuse {
  SocketId socket;
  std::string payload;
};

struct SocketEmit {
  SocketId socket;
  EncodedArgs args;
  std::optional<std::uint64_t> callback_id;
  Delivery delivery = Delivery::reliable;
  Compression compression = Compression::allowed;
};

// To every socket of a namespace that is in any of `rooms` or among `sockets`, each at most once;
// where both are empty, to the whole namespace. Those in any of `except_rooms` or among `except`
// are left out.
struct SocketBroadcast {
  std::string name_space;
  std::vector<std::string> rooms;
  std::vector<SocketId> sockets;
  std::vector<std::string> except_rooms;
  std::vector<SocketId> except;
  EncodedArgs args;
  Delivery delivery = Delivery::reliable;
  Compression compression = Compression::allowed;
};

// Answers a client's event. Does not count as SocketEventDone.
struct SocketAck {
  SocketId socket;
  std::uint64_t ack_id;
  EncodedArgs args;
};

// `count` events of this socket have been handled; as many more may be read from it.
struct SocketEventsDone {
  SocketId socket;
  std::size_t count;
};

struct SocketJoin {
  SocketId socket;
  std::string room;
};

struct SocketLeave {
  SocketId socket;
  std::string room;
};

struct SocketLeaveAll {
  SocketId socket;
};

// Sends DISCONNECT and leaves the namespace; with close_session, ends the whole Engine.IO session.
struct SocketClose {
  SocketId socket;
  bool close_session;
};

// upgrade: the session has changed from polling to a WebSocket. drain: everything that was sent to
// the client so far has been handed to the kernel.
enum class SessionSignal { upgrade, drain };

// From now on tell of this, for the socket's session. An upgrade that is over is told at once.
struct SocketWatch {
  SocketId socket;
  SessionSignal signal;
};

// From now on clients may connect to this namespace.
struct AddNamespace {
  std::string name;
};

// From now on the application decides about namespaces that nobody has added, too.
struct ServeDynamicNamespaces {};

// --- The server itself ---

// Stop accepting, let what runs finish, close the rest. Posted a second time: close all at once.
struct StopServer {};

// The application has drained its queue after the I/O thread was told that it is full.
struct AppQueueDrained {};

using ServerCommand =
    std::variant<HttpRespond, HttpRespondFile, HttpTrailers, HttpEarlyHints, HttpBodyConsumed,
                 HttpFail, WebSocketAccept, WebSocketSend, WebSocketClose, WebSocketDeny,
                 WebSocketFail, WebSocketConsumed, EngineAccept, AskAboutHandshakes,
                 HandshakeDecision, SocketAccept, SocketRefuse, SocketEmit, SocketBroadcast,
                 SocketAck, SocketEventsDone, SocketJoin, SocketLeave, SocketLeaveAll, SocketClose,
                 SocketWatch, AddNamespace, ServeDynamicNamespaces, StopServer, AppQueueDrained>;

}  // namespace sioserve
