// The adapter of a server with one process.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/base/counters.h"
#include "socketio/server/adapter.h"

namespace sioserve::socketio {

class MemoryAdapter final : public Adapter {
 public:
  // `counters` outlives the adapter.
  MemoryAdapter(Counters& counters, Deliver deliver) : counters_(counters), deliver_(deliver) {}
  ~MemoryAdapter() override { counters_.subtract(Counter::rooms, rooms_.size()); }

  void add(Recipient& recipient) override;
  void remove(Recipient& recipient) override;
  Join join(Recipient& recipient, const std::string& room, std::size_t max_rooms) override;
  void leave(Recipient& recipient, const std::string& room) override;
  void leave_all(Recipient& recipient) override;
  bool empty() const override { return everyone_.empty(); }
  std::size_t broadcast_to_rooms_of(Recipient& sender, Relay::Sender itself,
                                    const parser::EncodedPacket& packet,
                                    Delivery delivery) override;
  std::size_t broadcast(const BroadcastTarget& target, const parser::EncodedPacket& packet,
                        Delivery delivery) override;
  std::vector<SocketId> find(const BroadcastTarget& target) const override;
  std::vector<std::string> rooms_of(Recipient& recipient) const override;
  RoomCount membership(Recipient& recipient, const std::string& room) override;
  std::vector<RoomMembers> rooms() const override;
  void record_changes(std::vector<RoomChange>* changes) override { changes_ = changes; }
  void observe_rooms(RoomObserver* observer) override { observer_ = observer; }

  std::size_t room_count() const { return rooms_.size(); }

 private:
  // Contiguous, because broadcasts iterate over it. A member knows its position, so it can leave
  // without a search.
  using Members = std::vector<Recipient*>;
  using Rooms = std::unordered_map<std::string, Members>;
  using Memberships = std::unordered_map<Rooms::value_type*, std::size_t>;

  struct Entry {
    std::size_t position;  // in everyone_
    Memberships memberships;
  };

  void leave(Recipient& recipient, Rooms::value_type& room, std::size_t position);
  void record(RoomChange::Kind kind, const std::string& room, const std::string& id);
  class Audience;
  Audience find_audience(const BroadcastTarget& target) const;
  // Visits the members of the room, then the recipient with this public id.
  template <typename Visit>
  void for_each_named(const std::string& name, Visit visit) const;
  // Returns the number of recipients.
  std::size_t hand_over(const Audience& audience, const parser::EncodedPacket& packet,
                        Delivery delivery);

  Counters& counters_;
  const Deliver deliver_;
  Members everyone_;
  Rooms rooms_;
  std::unordered_map<Recipient*, Entry> entries_;
  std::unordered_map<std::string_view, Recipient*> by_public_id_;
  std::vector<RoomChange>* changes_ = nullptr;  // null: changes are not recorded
  RoomObserver* observer_ = nullptr;            // or null
};

}  // namespace sioserve::socketio
