// Who is in which room of one namespace, and how a broadcast reaches them. Every broadcast goes
// through an Adapter, so that one that also reaches other processes can take the place of
// MemoryAdapter.
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

namespace sioserve::socketio {

// A socket as an adapter sees it.
class Recipient {
 public:
  SocketId id() const { return id_; }
  // That its client sees. Does not change.
  const std::string& public_id() const { return public_id_; }

 protected:
  Recipient(SocketId id, std::string public_id) : id_(id), public_id_(std::move(public_id)) {}
  ~Recipient() = default;

  SocketId id_;

 private:
  const std::string public_id_;
};

// How an adapter hands a packet to those that it has found, as many as it likes at a time; a
// Socket's is Socket::deliver_to(). It changes no adapter.
using Deliver = void (*)(std::span<Recipient* const> recipients,
                         const parser::EncodedPacket& packet, Delivery delivery);

// Those in any of the rooms; where there are none, everyone. Without those that are excepted. A
// recipient's public id stands for it beside who is in the room of that name.
struct BroadcastTarget {
  std::span<const std::string> rooms;
  std::span<const std::string> except_rooms;
  std::span<const SocketId> except;
};

// Rooms are any bytes, compared exactly; one exists while somebody is in it. Recipients are
// borrowed until remove().
class Adapter {
 public:
  virtual ~Adapter() = default;

  virtual void add(Recipient& recipient) = 0;
  // Leaves all rooms too.
  virtual void remove(Recipient& recipient) = 0;
  // A recipient may be in `max_rooms`; 0: no limit. Joining twice and leaving a room one isn't in
  // do nothing.
  enum class Join { joined, too_many_rooms };
  [[nodiscard]] virtual Join join(Recipient& recipient, const std::string& room,
                                  std::size_t max_rooms) = 0;
  virtual void leave(Recipient& recipient, const std::string& room) = 0;
  virtual void leave_all(Recipient& recipient) = 0;

  // Whether the namespace has no sockets.
  virtual bool empty() const = 0;

  // To everyone in the rooms of `sender`, once; to itself as Relay::Sender says. Returns as
  // broadcast() does.
  virtual std::size_t broadcast_to_rooms_of(Recipient& sender, Relay::Sender itself,
                                            const parser::EncodedPacket& packet,
                                            Delivery delivery) = 0;

  // To each recipient of the target, once. Returns how many those are in this process.
  virtual std::size_t broadcast(const BroadcastTarget& target, const parser::EncodedPacket& packet,
                                Delivery delivery) = 0;

  // --- of this process ---

  // Those that a broadcast would reach.
  virtual std::vector<SocketId> find(const BroadcastTarget& target) const = 0;
  virtual std::vector<std::string> rooms_of(Recipient& recipient) const = 0;
  virtual RoomCount membership(Recipient& recipient, const std::string& room) = 0;
  virtual std::vector<RoomMembers> rooms() const = 0;
  // Appends what happens to rooms, until told otherwise; null: nowhere.
  virtual void record_changes(std::vector<RoomChange>* changes) = 0;
};

}  // namespace sioserve::socketio
