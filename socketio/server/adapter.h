// The members of the rooms of one namespace, and broadcasts to them. Every broadcast uses an
// Adapter. The other servers of a cluster get it from the Server (other_servers.h).
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "server/port/ids.h"
#include "server/port/messages.h"
#include "socketio/parser/packet.h"
#include "socketio/server/other_servers.h"

namespace sioserve::socketio {

// A socket, for an adapter.
class Recipient {
 public:
  SocketId id() const { return id_; }
  // The id that its client sees. Does not change.
  const std::string& public_id() const { return public_id_; }

 protected:
  Recipient(SocketId id, std::string public_id) : id_(id), public_id_(std::move(public_id)) {}
  ~Recipient() = default;

  SocketId id_;

 private:
  const std::string public_id_;
};

// The function by which an adapter passes a packet to recipients, in one or several calls; for
// sockets it is Socket::deliver_to(). It does not change the adapter.
using Deliver = void (*)(std::span<Recipient* const> recipients,
                         const parser::EncodedPacket& packet, Delivery delivery);

// The sockets in any of the rooms; without rooms, all sockets of the namespace. Sockets in
// `except_rooms` are left out. A recipient's public id is also a room with this one member.
struct BroadcastTarget {
  std::span<const std::string> rooms;
  std::span<const std::string> except_rooms;
  std::span<const SocketId> except;
};

// Room changes that wait for the application, which asks for them soon after.
inline constexpr std::size_t max_recorded_changes = 1'000'000;

// Room names are any bytes, compared exactly; a room exists while it has members. Recipients are
// borrowed until remove().
class Adapter {
 public:
  virtual ~Adapter() = default;

  virtual void add(Recipient& recipient) = 0;
  // The recipient also leaves all rooms.
  virtual void remove(Recipient& recipient) = 0;
  // A recipient may be in `max_rooms` rooms; 0: no limit. Joining a room twice has no effect, nor
  // has leaving a room without being in it.
  enum class Join { joined, too_many_rooms };
  [[nodiscard]] virtual Join join(Recipient& recipient, const std::string& room,
                                  std::size_t max_rooms) = 0;
  virtual void leave(Recipient& recipient, const std::string& room) = 0;
  virtual void leave_all(Recipient& recipient) = 0;

  // Whether the namespace has no sockets.
  virtual bool empty() const = 0;

  // To all sockets in the rooms of `sender`, once; to the sender as Relay::Sender says. Returns the
  // same as broadcast().
  virtual std::size_t broadcast_to_rooms_of(Recipient& sender, Relay::Sender itself,
                                            const parser::EncodedPacket& packet,
                                            Delivery delivery) = 0;

  // To each recipient of the target, once. Returns the number of recipients in this process.
  virtual std::size_t broadcast(const BroadcastTarget& target, const parser::EncodedPacket& packet,
                                Delivery delivery) = 0;

  // --- for this process ---

  // The recipients of a broadcast to this target.
  virtual std::vector<SocketId> find(const BroadcastTarget& target) const = 0;
  virtual std::vector<std::string> rooms_of(Recipient& recipient) const = 0;
  virtual RoomCount membership(Recipient& recipient, const std::string& room) = 0;
  virtual std::vector<RoomMembers> rooms() const = 0;
  // Appends room changes to `changes` from now on, up to max_recorded_changes; null: stops that.
  virtual void record_changes(std::vector<RoomChange>* changes) = 0;
  // Called while the namespace has no sockets. The observer outlives them; null: none.
  virtual void observe_rooms(RoomObserver* observer) = 0;
};

}  // namespace sioserve::socketio
