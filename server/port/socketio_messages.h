// Socket.IO across the port: sessions, sockets and their events. A command for a socket that no
// longer exists does nothing.
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
// the client so far has been passed to the kernel.
enum class SessionSignal { upgrade, drain };

// --- events ---

// Sent before the first SocketConnect of a native session. The scope of a routed session is already
// in the application thread.
struct SessionOpened {
  SessionId session;
  SharedRequestHead head;
  SharedEndpoints endpoints;
};

// Sent after the SocketDisconnect of every socket of the session, for every session that the
// application thread knows.
struct SessionClosed {
  SessionId session;
  SessionStatus status;  // the last one
};

// Answered by exactly one SocketAccept or SocketRefuse.
struct SocketConnect {
  SocketId socket;
  SessionId session;
  std::string id;  // the id that the client sees
  std::string name_space;
  ReceivedValue auth;  // an object; {} if the client sent none
  // The client has been recovered: it is in its rooms, and gets the events that it missed when it
  // is accepted. This is the id of its disconnected socket.
  std::optional<SocketId> recovered = std::nullopt;
  // It belonged to another process, which has kept this with KeepSocket; then without `recovered`.
  std::optional<std::string> state = std::nullopt;
};

// The signal for which SocketWatch was posted.
struct SessionSignalled {
  SessionId session;
  SessionSignal signal;
};

// Counted by a SocketEventsDone when it has been handled.
struct SocketEvent {
  SocketId socket;
  ReceivedValue args;  // an array: event name, arguments
  std::optional<std::uint64_t> ack_id;
};

// The client's acknowledgement of an emit.
struct SocketAcknowledged {
  SocketId socket;
  std::uint64_t callback_id;
  ReceivedValue args;  // an array
};

// Why there will be no acknowledgement, although the client is connected.
enum class AckLoss {
  not_sent,   // a volatile event was dropped
  forgotten,  // too many are pending, and this is the oldest
  unread,     // it can't be read, because the application does not handle the events before it
};

struct SocketAcksLost {
  SocketId socket;
  std::vector<std::uint64_t> callback_ids;
  AckLoss why;
};

struct SocketDisconnect {
  SocketId socket;
  std::string reason;            // the term of django-sio, for consumers
  std::string reference_reason;  // the term of the reference server
  // The client may be recovered; either a SocketForgotten follows, or a SocketConnect that names
  // this socket. Until then, joins, leaves and events for it are carried out.
  bool may_return = false;
};

// The client was not recovered in time.
struct SocketForgotten {
  SocketId socket;
};

using SocketIoEvent =
    std::variant<SessionOpened, SessionClosed, SocketConnect, SessionSignalled, SocketEvent,
                 SocketAcknowledged, SocketAcksLost, SocketDisconnect, SocketForgotten>;

// --- commands ---

// From now on sockets can be accepted with these relays, which do not change.
struct DefineRelays {
  RelaysId id;
  Relays relays;
};

// CONNECT is answered; then the packets that were emitted to the socket in the meantime are sent.
// For a socket that is accepted, as one that has moved to another process, only the relays are
// replaced.
struct SocketAccept {
  SocketId socket;
  // the set of its relays; nullopt or an id that is not defined: none
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

// In a cluster, a broadcast reaches the sockets of all servers, or only those of this one.
enum class BroadcastScope { all_servers, this_server };

// To every socket of a namespace that is in any of `rooms`, each at most once; without rooms, to
// the whole namespace. Sockets in any of `except_rooms` are left out. In both lists, the id that a
// client sees is a room of this client.
struct SocketBroadcast {
  std::string name_space;
  std::vector<std::string> rooms;
  std::vector<std::string> except_rooms;
  EncodedArgs args;
  Delivery delivery = Delivery::reliable;
  Compression compression = Compression::allowed;
  BroadcastScope scope = BroadcastScope::all_servers;
};

// Acknowledges a client's event. Does not count as SocketEventsDone.
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

// Sends DISCONNECT and leaves the namespace; with close_session, closes the whole Engine.IO
// session.
struct SocketClose {
  SocketId socket;
  bool close_session;
};

// From now on this signal of the socket's session is reported. If the upgrade is already done, it
// is reported immediately.
struct SocketWatch {
  SocketId socket;
  SessionSignal signal;
};

// The last handler of a disconnected socket has run. Until then, the socket can join and leave
// rooms, but receives nothing.
struct SocketReleased {
  SocketId socket;
};

// The application has handled the end of a session.
struct SessionReleased {
  SessionId session;
};

// From now on the room changes of a namespace are recorded for RoomChanges, even if the namespace
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

// From now on the application also decides about clients of namespaces that it has not added.
struct ServeDynamicNamespaces {};

using SocketIoCommand =
    std::variant<DefineRelays, SocketAccept, SocketRefuse, SocketEmit, SocketBroadcast, SocketAck,
                 SocketEventsDone, SocketJoin, SocketLeave, SocketLeaveAll, SocketClose,
                 SocketWatch, SocketReleased, SessionReleased, WatchRooms, UnwatchRooms,
                 AddNamespace, ServeDynamicNamespaces>;

}  // namespace sioserve
