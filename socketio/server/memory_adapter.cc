#include "socketio/server/memory_adapter.h"

#include <algorithm>
#include <cassert>
#include <unordered_set>
#include <utility>

namespace sioserve::socketio {

// The recipients of a broadcast, each once, without the excluded ones.
class MemoryAdapter::Audience {
 public:
  // `parts`: the number of calls of add(); with more than one, the same member may be added twice.
  Audience(std::unordered_set<SocketId> excepted, std::size_t parts)
      : excepted_(std::move(excepted)), may_overlap_(parts > 1) {}

  // The members must not change while the audience exists.
  void add(std::span<Recipient* const> members) {
    if (!may_overlap_ && excepted_.empty()) {
      recipients_ = members;
      return;
    }
    for (Recipient* recipient : members) {
      const bool wanted = may_overlap_ ? excepted_.insert(recipient->id()).second
                                       : !excepted_.contains(recipient->id());
      if (wanted) chosen_.push_back(recipient);
    }
    recipients_ = chosen_;
  }

  std::span<Recipient* const> recipients() const { return recipients_; }

 private:
  std::unordered_set<SocketId> excepted_;  // and recipients that have already been added
  const bool may_overlap_;
  std::vector<Recipient*> chosen_;
  std::span<Recipient* const> recipients_;  // often all members of one room
};

void MemoryAdapter::add(Recipient& recipient) {
  const bool added = entries_.try_emplace(&recipient, Entry{everyone_.size(), {}}).second;
  assert(added);
  if (!added) return;
  everyone_.push_back(&recipient);
  by_public_id_[recipient.public_id()] = &recipient;
  if (observer_) observer_->room_used(recipient.public_id());
}

void MemoryAdapter::remove(Recipient& recipient) {
  const auto found = entries_.find(&recipient);
  if (found == entries_.end()) return;
  leave_all(recipient);
  if (observer_) observer_->room_unused(recipient.public_id());
  const auto named = by_public_id_.find(recipient.public_id());
  if (named->second == &recipient) by_public_id_.erase(named);
  const std::size_t position = found->second.position;
  Recipient* const last = everyone_.back();
  everyone_[position] = last;
  everyone_.pop_back();
  entries_.find(last)->second.position = position;
  entries_.erase(found);
}

Adapter::Join MemoryAdapter::join(Recipient& recipient, const std::string& room,
                                  std::size_t max_rooms) {
  const auto entry = entries_.find(&recipient);
  if (entry == entries_.end()) return Join::joined;
  Memberships& memberships = entry->second.memberships;
  auto members = rooms_.find(room);
  if (members != rooms_.end() && memberships.contains(&*members)) return Join::joined;
  if (max_rooms != 0 && memberships.size() >= max_rooms) return Join::too_many_rooms;
  if (members == rooms_.end()) {
    members = rooms_.try_emplace(room).first;
    counters_.add(Counter::rooms);
    record(RoomChange::Kind::created, room, {});
    if (observer_) observer_->room_used(room);
  }
  record(RoomChange::Kind::joined, room, recipient.public_id());
  memberships.emplace(&*members, members->second.size());
  members->second.push_back(&recipient);
  return Join::joined;
}

void MemoryAdapter::leave(Recipient& recipient, const std::string& room) {
  const auto entry = entries_.find(&recipient);
  const auto members = rooms_.find(room);
  if (entry == entries_.end() || members == rooms_.end()) return;
  const auto membership = entry->second.memberships.find(&*members);
  if (membership == entry->second.memberships.end()) return;
  const std::size_t position = membership->second;
  entry->second.memberships.erase(membership);
  leave(recipient, *members, position);
}

void MemoryAdapter::leave_all(Recipient& recipient) {
  const auto entry = entries_.find(&recipient);
  if (entry == entries_.end()) return;
  const Memberships memberships = std::exchange(entry->second.memberships, {});
  for (const auto& [room, position] : memberships) leave(recipient, *room, position);
}

// The entry in the recipient's memberships has already been erased.
void MemoryAdapter::leave(Recipient& recipient, Rooms::value_type& room, std::size_t position) {
  Members& members = room.second;
  assert(members[position] == &recipient);
  if (position + 1 != members.size()) {
    Recipient* const last = members.back();
    members[position] = last;
    entries_.find(last)->second.memberships.find(&room)->second = position;
  }
  members.pop_back();
  record(RoomChange::Kind::left, room.first, recipient.public_id());
  if (!members.empty()) return;
  record(RoomChange::Kind::deleted, room.first, {});
  if (observer_) observer_->room_unused(room.first);
  rooms_.erase(rooms_.find(room.first));
  counters_.subtract(Counter::rooms);
}

std::size_t MemoryAdapter::broadcast_to_rooms_of(Recipient& sender, Relay::Sender itself,
                                                 const parser::EncodedPacket& packet,
                                                 Delivery delivery) {
  const auto entry = entries_.find(&sender);
  if (entry == entries_.end()) return 0;
  const Memberships& memberships = entry->second.memberships;
  std::unordered_set<SocketId> excepted;
  if (itself == Relay::Sender::left_out) excepted.insert(sender.id());
  Audience audience(std::move(excepted), memberships.size());
  for (const auto& [room, position] : memberships) audience.add(room->second);
  return hand_over(audience, packet, delivery);
}

std::size_t MemoryAdapter::broadcast(const BroadcastTarget& target,
                                     const parser::EncodedPacket& packet, Delivery delivery) {
  return hand_over(find_audience(target), packet, delivery);
}

std::size_t MemoryAdapter::hand_over(const Audience& audience, const parser::EncodedPacket& packet,
                                     Delivery delivery) {
  const auto recipients = audience.recipients();
  counters_.add(Counter::deliveries, recipients.size());
  deliver_(recipients, packet, delivery);
  return recipients.size();
}

std::vector<SocketId> MemoryAdapter::find(const BroadcastTarget& target) const {
  std::vector<SocketId> found;
  const Audience audience = find_audience(target);
  for (const Recipient* recipient : audience.recipients()) found.push_back(recipient->id());
  return found;
}

MemoryAdapter::Audience MemoryAdapter::find_audience(const BroadcastTarget& target) const {
  std::unordered_set<SocketId> excepted(target.except.begin(), target.except.end());
  for (const std::string& name : target.except_rooms) {
    for_each_named(name, [&](std::span<Recipient* const> recipients) {
      for (const Recipient* recipient : recipients) excepted.insert(recipient->id());
    });
  }
  if (target.rooms.empty()) {
    Audience audience(std::move(excepted), 1);
    audience.add(everyone_);
    return audience;
  }
  // A name can be both a room and the public id of a recipient.
  const bool may_be_both = by_public_id_.contains(target.rooms.front());
  Audience audience(std::move(excepted), target.rooms.size() + (may_be_both ? 1 : 0));
  for (const std::string& name : target.rooms) {
    for_each_named(name, [&](std::span<Recipient* const> recipients) { audience.add(recipients); });
  }
  return audience;
}

template <typename Visit>
void MemoryAdapter::for_each_named(const std::string& name, Visit visit) const {
  const auto members = rooms_.find(name);
  if (members != rooms_.end()) visit(std::span<Recipient* const>(members->second));
  const auto named = by_public_id_.find(name);
  if (named != by_public_id_.end()) visit(std::span<Recipient* const>(&named->second, 1));
}

std::vector<std::string> MemoryAdapter::rooms_of(Recipient& recipient) const {
  std::vector<std::string> names;
  const auto entry = entries_.find(&recipient);
  if (entry == entries_.end()) return names;
  names.reserve(entry->second.memberships.size());
  for (const auto& [room, position] : entry->second.memberships) names.push_back(room->first);
  return names;
}

RoomCount MemoryAdapter::membership(Recipient& recipient, const std::string& room) {
  const auto entry = entries_.find(&recipient);
  if (entry == entries_.end()) return {};
  const Memberships& memberships = entry->second.memberships;
  const auto members = rooms_.find(room);
  return {memberships.size(), members != rooms_.end() && memberships.contains(&*members)};
}

std::vector<RoomMembers> MemoryAdapter::rooms() const {
  std::vector<RoomMembers> found;
  found.reserve(rooms_.size());
  for (const auto& [room, members] : rooms_) {
    std::vector<std::string>& ids = found.emplace_back(RoomMembers{room, {}}).ids;
    ids.reserve(members.size());
    for (const Recipient* recipient : members) ids.push_back(recipient->public_id());
  }
  return found;
}

void MemoryAdapter::record(RoomChange::Kind kind, const std::string& room, const std::string& id) {
  if (changes_ && changes_->size() < max_recorded_changes) changes_->push_back({kind, room, id});
}

}  // namespace sioserve::socketio
