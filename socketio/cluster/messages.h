// What the servers of a cluster tell each other, independent of the format on the wire (format.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "server/base/clock.h"
#include "server/base/compression.h"
#include "server/base/json.h"
#include "server/port/event_args.h"
#include "server/port/relays.h"

namespace sioserve::socketio::cluster {

// Rooms and the ids that clients see. Without rooms: all sockets of the namespace.
struct Target {
  std::vector<std::string> rooms = {};
  std::vector<std::string> except = {};
};

// The name of a request, chosen by the server that asks.
using RequestName = std::string;

struct Broadcast {
  Target target;
  EncodedArgs args;
  Delivery delivery = Delivery::reliable;
  Compression compression = Compression::allowed;
  // With a request, the clients' acknowledgements are asked for, within `timeout`.
  std::optional<RequestName> request = std::nullopt;
  std::optional<Milliseconds> timeout = std::nullopt;
};

struct JoinRooms {
  Target target;
  std::vector<std::string> rooms;
};

struct LeaveRooms {
  Target target;
  std::vector<std::string> rooms;
};

enum class DisconnectScope { name_space, session };
struct Disconnect {
  Target target;
  DisconnectScope scope;
};

struct FetchSockets {
  Target target;
  RequestName request;
};

struct ListRooms {
  RequestName request;
};

struct ServerSideEmit {
  EncodedArgs args;
  std::optional<RequestName> request = std::nullopt;  // an answer is asked for
};

// --- answers; values may contain bytes ---

struct FetchedSockets {
  RequestName request;
  Json sockets;  // an array
};

struct ListedRooms {
  RequestName request;
  std::vector<std::string> rooms;
};

struct ServerSideAnswer {
  RequestName request;
  Json value;
};

// How many clients have been asked for an acknowledgement.
struct ClientCount {
  RequestName request;
  std::uint64_t clients;
};

struct ClientAnswer {
  RequestName request;
  Json value;
};

using Message = std::variant<Broadcast, JoinRooms, LeaveRooms, Disconnect, FetchSockets, ListRooms,
                             ServerSideEmit, FetchedSockets, ListedRooms, ServerSideAnswer,
                             ClientCount, ClientAnswer>;

inline bool is_answer(const Message& message) {
  return std::holds_alternative<FetchedSockets>(message) ||
         std::holds_alternative<ListedRooms>(message) ||
         std::holds_alternative<ServerSideAnswer>(message) ||
         std::holds_alternative<ClientCount>(message) ||
         std::holds_alternative<ClientAnswer>(message);
}

// Whether the sender waits for answers.
inline bool is_request(const Message& message) {
  if (const auto* const broadcast = std::get_if<Broadcast>(&message)) {
    return broadcast->request.has_value();
  }
  if (const auto* const emit = std::get_if<ServerSideEmit>(&message)) {
    return emit->request.has_value();
  }
  return std::holds_alternative<FetchSockets>(message) ||
         std::holds_alternative<ListRooms>(message);
}

}  // namespace sioserve::socketio::cluster
