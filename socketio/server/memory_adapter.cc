#include "socketio/server/memory_adapter.h"

#include <algorithm>
#include <cassert>
#include <unordered_set>

namespace sioserve::socketio {

void MemoryAdapter::add(Recipient& recipient) {
  const bool added = entries_.try_emplace(&recipient, Entry{everyone_.size(), {}}).second;
  assert(added);
  if (added) everyone_.push_back(&recipient);
}

void MemoryAdapter::remove(Recipient& recipient) {
  const auto found = entries_.find(&recipient);
  if (found == entries_.end()) return;
  leave_all(recipient);
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
  }
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
void MemoryAdapter::leave([[maybe_unused]] Recipient& recipient, Rooms::value_type& room,
                          std::size_t position) {
  Members& members = room.second;
  assert(members[position] == &recipient);
  if (position + 1 != members.size()) {
    Recipient* const last = members.back();
    members[position] = last;
    entries_.find(last)->second.memberships.find(&room)->second = position;
  }
  members.pop_back();
  if (!members.empty()) return;
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
  std::unordered_set<SocketId> excepted(target.except.begin(), target.except.end());
  for (const std::string& room : target.except_rooms) {
    const auto members = rooms_.find(room);
    if (members == rooms_.end()) continue;
    for (const Recipient* recipient : members->second) excepted.insert(recipient->id());
  }
  std::size_t reached = 0;
  const auto deliver = [&](Recipient& recipient) {
    if (!excepted.empty() && excepted.contains(recipient.id())) return;
    recipient.deliver(packet, delivery);
    ++reached;
  };
  if (target.rooms.empty() && target.recipients.empty()) {
    for (Recipient* recipient : everyone_) deliver(*recipient);
    return reached;
  }
  const bool may_overlap = target.rooms.size() + target.recipients.size() > 1;
  std::unordered_set<Recipient*> served;
  const auto deliver_once = [&](Recipient* recipient) {
    if (!may_overlap || served.insert(recipient).second) deliver(*recipient);
  };
  for (const std::string& room : target.rooms) {
    const auto members = rooms_.find(room);
    if (members != rooms_.end()) std::ranges::for_each(members->second, deliver_once);
  }
  std::ranges::for_each(target.recipients, deliver_once);
  return reached;
}

}  // namespace sioserve::socketio
