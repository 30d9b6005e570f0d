#include "socketio/server/relayer.h"

namespace sioserve::socketio {

const Relay* Relayer::find(const std::optional<std::string>& event) const {
  if (!event) return nullptr;  // the event's name is a number
  const auto found = relays_->find(*event);
  return found == relays_->end() ? nullptr : &found->second;
}

Relayer::Verdict Relayer::judge(const Relay& relay, std::size_t bytes, TimePoint now) {
  if (relay.max_bytes != 0 && bytes > relay.max_bytes) return Verdict::too_large;
  if (relay.rate == 0) return Verdict::forward;
  TokenBucket& bucket = rates_.try_emplace(&relay, relay.rate).first->second;
  // A reliable event has already been read, so it is forwarded; then reading pauses.
  if (relay.delivery == Delivery::droppable && bucket.empty(now)) return Verdict::too_many;
  bucket.take(1, now);
  return Verdict::forward;
}

TimePoint Relayer::ready_at(const Relay& relay, TimePoint now) const {
  const auto bucket = rates_.find(&relay);
  const bool waits =
      relay.delivery == Delivery::reliable && bucket != rates_.end() && bucket->second.empty(now);
  return waits ? bucket->second.ready_at() : now;
}

}  // namespace sioserve::socketio
