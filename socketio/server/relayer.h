// The relays of one socket, and their rates. It only decides: the Client forwards.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "server/base/clock.h"
#include "server/base/token_bucket.h"
#include "server/port/relays.h"

namespace sioserve::socketio {

class Relayer {
 public:
  explicit Relayer(std::shared_ptr<const Relays> relays) : relays_(std::move(relays)) {}

  // The relay of an event, or null.
  const Relay* find(const std::optional<std::string>& event) const;

  enum class Verdict { forward, too_large, too_many };
  // What to do with an event of this size. A forwarded event counts for the rate.
  Verdict judge(const Relay& relay, std::size_t bytes, TimePoint now);
  // When the client may be read again; a time in the past: immediately.
  TimePoint ready_at(const Relay& relay, TimePoint now) const;

 private:
  const std::shared_ptr<const Relays> relays_;
  std::map<const Relay*, TokenBucket> rates_;  // of relays with a rate that have been used
};

}  // namespace sioserve::socketio
