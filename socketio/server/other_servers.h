// The other servers of a cluster, for the Server; socketio/cluster reaches them. Lives on the I/O
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/port/messages.h"

namespace sioserve::socketio {

// Is told which rooms of a namespace have members here. The id that a client sees is a room too.
class RoomObserver {
 public:
  virtual ~RoomObserver() = default;

  // Calls for the same name are counted: it may be a room and the id of a client.
  virtual void room_used(const std::string& room) = 0;
  virtual void room_unused(const std::string& room) = 0;
};

// The rooms of a broadcast; both may hold ids that clients see. Without rooms: all sockets.
struct RemoteTarget {
  const std::vector<std::string>& rooms;
  const std::vector<std::string>& except;
};

// Callbacks with this bit belong to other servers, not to the application, whose own have the
// number of a process, if any, in their upper bits.
inline constexpr std::uint64_t callback_of_server = std::uint64_t{1} << 63;

class OtherServers {
 public:
  virtual ~OtherServers() = default;

  // The observer exists until namespace_removed().
  virtual RoomObserver& namespace_added(const std::string& name) = 0;
  virtual void namespace_removed(const std::string& name) = 0;

  virtual void broadcast(const std::string& name_space, RemoteTarget target,
                         const EncodedArgs& args, Delivery delivery, Compression compression) = 0;

  // A client has acknowledged an event that another server had asked to be emitted.
  virtual void acknowledged(std::uint64_t callback, const ReceivedValue& args) = 0;
};

}  // namespace sioserve::socketio
