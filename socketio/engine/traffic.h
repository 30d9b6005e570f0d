// What one session adds to the server's counters: itself, on the transport that carries it, and the
// messages that pass through it. Heartbeats and the rest of what Engine.IO says by itself do not
// count, nor does what a transport wraps around a message. Lives on the session's thread.
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

  // On polling, to begin with.
  void session_opened();
  void websocket_carries();
  // A second call does nothing.
  void session_closed();

  void received(std::size_t bytes);
  // A text message has Engine.IO's packet type in front, which is none of it.
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
