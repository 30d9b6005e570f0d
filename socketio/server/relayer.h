// Which events of one socket are relayed, and whether one more may be now. Takes the time, does
// nothing by itself: the Client forwards.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "server/base/clock.h"
#include "server/base/token_bucket.h"
#include "server/port/relays.h"

namespace sioserve::socketio {

class Relayer {
 public:
  // `relays` outlive it.
  explicit Relayer(const Relays& relays) : relays_(relays) {}

  // The relay of an event; null: it has none.
  const Relay* find(const std::optional<std::string>& event) const;

  enum class Verdict { forward, too_large, too_many };
  // What becomes of an event of so many bytes. One that is forwarded counts against the rate.
  Verdict judge(const Relay& relay, std::size_t bytes, TimePoint now);
  // Until when nothing more is to be read from the client; in the past: at once.
  TimePoint ready_at(const Relay& relay, TimePoint now) const;

 private:
  const Relays& relays_;
  std::map<const Relay*, TokenBucket> rates_;  // of relays that have one and have been used
};

}  // namespace sioserve::socketio
