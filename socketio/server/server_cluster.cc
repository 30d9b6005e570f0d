// What other servers of a cluster do with the sockets of this one.
#include <utility>

#include "socketio/server/server.h"

namespace sioserve::socketio {

void Server::join_cluster(OtherServers& others) {
  others_ = &others;
  for (const auto& [name, joined] : namespaces_) {
    joined->adapter->observe_rooms(&others.namespace_added(name));
  }
}

void Server::join_rooms(const std::string& name_space, const BroadcastTarget& target,
                        const std::vector<std::string>& rooms) {
  for (const SocketId id : find_sockets(name_space, target)) {
    for (const std::string& room : rooms) handle(SocketJoin{id, room});
  }
}

void Server::leave_rooms(const std::string& name_space, const BroadcastTarget& target,
                         const std::vector<std::string>& rooms) {
  for (const SocketId id : find_sockets(name_space, target)) {
    for (const std::string& room : rooms) handle(SocketLeave{id, room});
  }
}

void Server::close_sockets(const std::string& name_space, const BroadcastTarget& target,
                           SocketClose command) {
  for (const SocketId id : find_sockets(name_space, target)) {
    command.socket = id;
    handle(command);
  }
}

std::size_t Server::ask_sockets(const std::string& name_space, const BroadcastTarget& target,
                                const EncodedArgs& args, std::uint64_t callback) {
  std::size_t asked = 0;
  for (const SocketId id : find_sockets(name_space, target)) {
    if (!find_attached(id)) continue;  // a client that may recover does not acknowledge
    handle(SocketEmit{id, args, callback});
    ++asked;
  }
  return asked;
}

std::vector<std::string> Server::room_names(const std::string& name_space) {
  std::vector<std::string> names;
  const Namespace* const found = find_namespace(name_space);
  if (!found) return names;
  for (const SocketId id : found->adapter->find({})) names.push_back(find(id)->public_id());
  for (RoomMembers& room : found->adapter->rooms()) names.push_back(std::move(room.room));
  return names;
}

std::vector<SocketId> Server::find_sockets(const std::string& name_space,
                                           const BroadcastTarget& target) {
  const Namespace* const found = find_namespace(name_space);
  return found ? found->adapter->find(target) : std::vector<SocketId>();
}

void Server::push_lost_acks(SocketAcksLost lost) {
  std::erase_if(lost.callback_ids, [](std::uint64_t id) { return (id & callback_of_server) != 0; });
  if (!lost.callback_ids.empty()) events_.push(std::move(lost));
}

}  // namespace sioserve::socketio
