// What one session adds to the server's counters: itself, by its transport, and its messages.
// Heartbeats and other packets of Engine.IO itself do not count, nor does the framing of
// transports. Lives on the session's thread.
#pragma once

#include <cstddef>
#include <span>

#include "server/base/bytes.h"
#include "server/base/counters.h"

namespace sioserve::engine {

class Traffic {
 public:
  // `counters` outlives this object.
  explicit Traffic(Counters& counters) : counters_(counters) {}
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;
  ~Traffic() { session_closed(); }

  // The first transport is polling.
  void session_opened();
  void websocket_carries();
  // A second call has no effect.
  void session_closed();

  void received(std::size_t bytes);
  // A text message starts with Engine.IO's packet type, which is not counted.
  void sent(MessageKind kind, const SharedBytes& message,
            std::span<const SharedBytes> attachments) {
    std::size_t bytes = message->size() - (kind == MessageKind::text ? 1 : 0);
    for (const SharedBytes& attachment : attachments) bytes += attachment->size();
    counters_.add(Counter::packets_out, 1 + attachments.size());
    counters_.add(Counter::bytes_out, bytes);
  }

 private:
  enum class Place { nowhere, polling, websocket };

  Counters& counters_;
  Place place_ = Place::nowhere;
};

}  // namespace sioserve::engine
