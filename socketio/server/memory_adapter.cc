#include "socketio/server/memory_adapter.h"

#include <algorithm>
#include <cassert>
#include <unordered_set>
#include <utility>

namespace sioserve::socketio {

void MemoryAdapter::add(Recipient& recipient) {
  const bool added = entries_.try_emplace(&recipient, Entry{everyone_.size(), {}}).second;
  assert(added);
  if (!added) return;
  everyone_.push_back(&recipient);
  by_public_id_[recipient.public_id()] = &recipient;
}

void MemoryAdapter::remove(Recipient& recipient) {
  const auto found = entries_.find(&recipient);
  if (found == entries_.end()) return;
  leave_all(recipient);
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

// The membership itself has been erased already.
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
  rooms_.erase(rooms_.find(room.first));
  counters_.subtract(Counter::rooms);
}

std::size_t MemoryAdapter::broadcast_to_rooms_of(Recipient& sender, Relay::Sender itself,
                                                 const parser::EncodedPacket& packet,
                                                 Delivery delivery) {
  const auto entry = entries_.find(&sender);
  if (entry == entries_.end()) return 0;
  const Memberships& memberships = entry->second.memberships;
  const bool may_overlap = memberships.size() > 1;
  std::unordered_set<Recipient*> served;
  std::size_t reached = 0;
  for (const auto& [room, position] : memberships) {
    for (Recipient* recipient : room->second) {
      if (recipient == &sender && itself == Relay::Sender::left_out) continue;
      if (may_overlap && !served.insert(recipient).second) continue;
      recipient->deliver(packet, delivery);
      ++reached;
    }
  }
  return reached;
}

std::size_t MemoryAdapter::broadcast(const BroadcastTarget& target,
                                     const parser::EncodedPacket& packet, Delivery delivery) {
  std::size_t reached = 0;
  for_each(target, [&](Recipient& recipient) {
    recipient.deliver(packet, delivery);
    ++reached;
  });
  return reached;
}

std::vector<SocketId> MemoryAdapter::find(const BroadcastTarget& target) const {
  std::vector<SocketId> found;
  for_each(target, [&](const Recipient& recipient) { found.push_back(recipient.id()); });
  return found;
}

template <typename Visit>
void MemoryAdapter::for_each(const BroadcastTarget& target, Visit visit) const {
  std::unordered_set<SocketId> excepted(target.except.begin(), target.except.end());
  for (const std::string& name : target.except_rooms) {
    for_each_named(name, [&](const Recipient& recipient) { excepted.insert(recipient.id()); });
  }
  const auto visit_if_meant = [&](Recipient& recipient) {
    if (excepted.empty() || !excepted.contains(recipient.id())) visit(recipient);
  };
  if (target.rooms.empty()) {
    for (Recipient* recipient : everyone_) visit_if_meant(*recipient);
    return;
  }
  const bool may_overlap = target.rooms.size() > 1 || by_public_id_.contains(target.rooms.front());
  std::unordered_set<const Recipient*> visited;
  for (const std::string& name : target.rooms) {
    for_each_named(name, [&](Recipient& recipient) {
      if (!may_overlap || visited.insert(&recipient).second) visit_if_meant(recipient);
    });
  }
}

template <typename Visit>
void MemoryAdapter::for_each_named(const std::string& name, Visit visit) const {
  const auto members = rooms_.find(name);
  if (members != rooms_.end()) {
    for (Recipient* recipient : members->second) visit(*recipient);
  }
  const auto named = by_public_id_.find(name);
  if (named != by_public_id_.end()) visit(*named->second);
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
  if (changes_) changes_->push_back({kind, room, id});
}

}  // namespace sioserve::socketio
