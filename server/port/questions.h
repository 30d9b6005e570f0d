// Queries of the application about state of the I/O thread; values only. A question is answered
// after all commands that were posted before it. Each defines the type of its answer. The answer is
// empty for an object that does not exist, and if no I/O thread runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "server/port/ids.h"
#include "server/port/process_messages.h"
#include "server/port/session_status.h"

namespace sioserve {

// Identifies a question until its answer has been fetched; QuestionId{}: it gets no answer.
enum class QuestionId : std::uint64_t {};

// --- sockets; also disconnected ones, until SocketReleased ---

struct RoomsOfSocket {
  SocketId socket;
  using Answer = std::vector<std::string>;
};

struct RoomCount {
  std::size_t rooms = 0;   // of the socket
  bool is_member = false;  // of the room in the question
};

struct Membership {
  SocketId socket;
  std::string room;
  using Answer = RoomCount;
};

// --- namespaces; clients that may recover are in their rooms ---

// The recipients of a SocketBroadcast with these rooms.
struct SocketsIn {
  std::string name_space;
  std::vector<std::string> rooms;
  std::vector<std::string> except_rooms;
  using Answer = std::vector<SocketId>;
};

struct RoomMembers {
  std::string room;
  std::vector<std::string> ids;  // the ids that clients see
};

struct RoomsOfNamespace {
  std::string name_space;
  using Answer = std::vector<RoomMembers>;
};

// The connected sockets, without those of clients that may recover.
struct SocketCount {
  std::string name_space;
  using Answer = Total;
};

// Whether a client of the namespace has this id: 1 or 0.
struct ClientIdInUse {
  std::string name_space;
  std::string id;
  using Answer = Total;
};

struct NamespaceUse {
  std::string name;
  std::uint64_t connected = 0;  // sockets, as SocketCount
};

// The namespaces with a socket that the application has accepted, connected or not.
struct NamespacesInUse {
  using Answer = std::vector<NamespaceUse>;
};

struct RoomChange {
  enum class Kind { created, joined, left, deleted };

  Kind kind;
  std::string room;
  std::string id;  // the id that the client sees, of the socket that joined or left
};

// The room changes since the last such question, in order, if WatchRooms was posted.
struct RoomChanges {
  std::string name_space;
  using Answer = std::vector<RoomChange>;
};

// --- sessions, until SessionReleased ---

struct SessionStatusAsked {
  SessionId session;
  using Answer = std::optional<SessionStatus>;
};

// --- the server ---

// The counters.
struct CountsAsked {
  using Answer = std::vector<std::uint64_t>;  // by Counter
};

using Question = std::variant<RoomsOfSocket, Membership, SocketsIn, RoomsOfNamespace, RoomChanges,
                              SessionStatusAsked, CountsAsked, OtherProcesses, ProcessesAsked,
                              SocketCount, NamespacesInUse, ClientCount, ClientIdInUse>;

using Answer = std::variant<std::monostate, RoomsOfSocket::Answer, Membership::Answer,
                            SocketsIn::Answer, RoomsOfNamespace::Answer, RoomChanges::Answer,
                            SessionStatusAsked::Answer, CountsAsked::Answer, OtherProcesses::Answer,
                            ProcessesAsked::Answer, Total, NamespacesInUse::Answer>;

}  // namespace sioserve
