// Socket.IO across the port: sessions, sockets and their events. A command about a socket that has
// gone does nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "server/base/compression.h"
#include "server/base/http_values.h"
#include "server/port/event_args.h"
#include "server/port/ids.h"
#include "server/port/relays.h"
#include "server/port/session_status.h"

namespace sioserve {

// upgrade: the session has changed from polling to a WebSocket. drain: everything that was sent to
// the client so far has been handed to the kernel.
enum class SessionSignal { upgrade, drain };

// --- events ---

// Comes before the first SocketConnect of a session that was opened natively. A session that came
// through the ASGI application has its scope there already.
struct SessionOpened {
  SessionId session;
  RequestHead head;
  Endpoints endpoints;
};

// After the SocketDisconnect of every socket of the session. Sent for every session that the
// application thread has heard of.
struct SessionClosed {
  SessionId session;
  SessionStatus status;  // in the end
};

// Answered by exactly one SocketAccept or SocketRefuse.
struct SocketConnect {
  SocketId socket;
  SessionId session;
  std::string id;  // the id that the client sees
  std::string name_space;
  ReceivedValue auth;  // an object; {} when the client sent none
  // The client has come back: it is in its rooms, and gets what it missed when it is accepted. The
  // number under which it has disconnected.
  std::optional<SocketId> recovered = std::nullopt;
};

// What a SocketWatch asked for has happened.
struct SessionSignalled {
  SessionId session;
  SessionSignal signal;
};

// Answered by exactly one SocketEventDone (or the SocketAck that includes it).
struct SocketEvent {
  SocketId socket;
  ReceivedValue args;  // an array: event name, arguments
  std::optional<std::uint64_t> ack_id;
};

// The client's answer to an emit that asked for one.
struct SocketAcknowledged {
  SocketId socket;
  std::uint64_t callback_id;
  ReceivedValue args;  // an array
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

using SocketIoEvent =
    std::variant<SessionOpened, SessionClosed, SocketConnect, SessionSignalled, SocketEvent,
                 SocketAcknowledged, SocketAcksLost, SocketDisconnect, SocketForgotten>;

// --- commands ---

// From now on sockets can be accepted with these relays. They stay as they are.
struct DefineRelays {
  RelaysId id;
  Relays relays;
};

// CONNECT is answered; what was emitted to the socket meanwhile follows.
struct SocketAccept {
  SocketId socket;
  // Its events that are relayed; nullopt, or a number that is not defined: none.
  std::optional<RelaysId> relays = std::nullopt;
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

// To every socket of a namespace that is in any of `rooms`, each at most once; where there are
// none, to the whole namespace. Those in any of `except_rooms` are left out. The id that a client
// sees stands for its socket in either.
struct SocketBroadcast {
  std::string name_space;
  std::vector<std::string> rooms;
  std::vector<std::string> except_rooms;
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

// From now on tell of this, for the socket's session. An upgrade that is over is told at once.
struct SocketWatch {
  SocketId socket;
  SessionSignal signal;
};

// The application has nothing more to ask about a socket that has gone: its last handler has run.
// Until then it can be told to join and leave rooms, where nothing reaches it.
struct SocketReleased {
  SocketId socket;
};

// The application has heard of the end of a session.
struct SessionReleased {
  SessionId session;
};

// From now on what happens to the rooms of a namespace is recorded for RoomChanges; also where it
// does not exist yet.
struct WatchRooms {
  std::string name_space;
};

struct UnwatchRooms {
  std::string name_space;
};

// From now on clients may connect to this namespace.
struct AddNamespace {
  std::string name;
};

// From now on the application also decides about namespaces that it has not added.
struct ServeDynamicNamespaces {};

using SocketIoCommand =
    std::variant<DefineRelays, SocketAccept, SocketRefuse, SocketEmit, SocketBroadcast, SocketAck,
                 SocketEventsDone, SocketJoin, SocketLeave, SocketLeaveAll, SocketClose,
                 SocketWatch, SocketReleased, SessionReleased, WatchRooms, UnwatchRooms,
                 AddNamespace, ServeDynamicNamespaces>;

}  // namespace sioserve
