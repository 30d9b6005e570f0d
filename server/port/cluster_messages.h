// The other servers of a cluster across the port: what they ask of this server's application, and
// what it asks of them. Broadcasts, and changes that others make to sockets of this server, need no
// application; a SocketBroadcast reaches the others by itself.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "server/base/clock.h"
#include "server/base/compression.h"
#include "server/port/event_args.h"
#include "server/port/relays.h"

namespace sioserve {

enum class ClusterTopic {
  fetch_sockets,     // the answer of a server is a list of its sockets
  server_side_emit,  // the answer is a value
  broadcast,         // answered by clients, with their acknowledgements
  counters,          // the answer is an object; only servers of sioserve are asked
  count,             // of servers; answered by none
};

// --- events ---

// Another server asks. Answered by AnswerServer, unless the number is 0.
struct AskedByServer {
  std::uint64_t number;
  ClusterTopic topic;  // fetch_sockets or server_side_emit
  std::string name_space;
  std::vector<std::string> rooms;  // as in SocketBroadcast
  std::vector<std::string> except_rooms;
  ReceivedValue args;  // of server_side_emit: an array, event name and arguments
};

// The answers to AskServers: all that will come.
struct ServersAnswered {
  std::uint64_t number;
  ReceivedValue args;            // an array of the answers
  std::uint64_t servers;         // the other servers, as far as known
  std::uint64_t silent_servers;  // those that did not answer, at least
  std::uint64_t silent_clients;  // of a broadcast
  bool refused = false;          // the others were not asked: too many requests are open
};

using ClusterEvent = std::variant<AskedByServer, ServersAnswered>;

// --- commands ---

enum class SocketChange { join, leave, disconnect, close_session };

// For sockets of the other servers. Not for those of this one.
struct ChangeSockets {
  SocketChange change;
  std::string name_space;
  std::vector<std::string> rooms;  // as in SocketBroadcast
  std::vector<std::string> except_rooms;
  std::vector<std::string> changed_rooms;  // that are joined or left
};

// Answered by ServersAnswered after `timeout` at the latest; not at all if the number is 0.
struct AskServers {
  std::uint64_t number;
  ClusterTopic topic;
  std::string name_space;
  std::vector<std::string> rooms;
  std::vector<std::string> except_rooms;
  EncodedArgs args;
  Delivery delivery = Delivery::reliable;
  Compression compression = Compression::allowed;
  Milliseconds timeout{0};
};

struct AnswerServer {
  std::uint64_t number;
  EncodedArgs args;  // an array with one value
};

using ClusterCommand = std::variant<ChangeSockets, AskServers, AnswerServer>;

}  // namespace sioserve
