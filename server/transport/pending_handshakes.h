// Handshakes about which the application is being asked (allow_request). Each is waited for as long
// as a WebSocket may wait to be accepted; what is not answered by then is refused.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

#include "server/base/clock.h"
#include "server/base/config.h"
#include "server/base/http_values.h"
#include "server/base/logger.h"
#include "server/port/event_sink.h"
#include "server/port/ids.h"
#include "server/transport/admission.h"

namespace sioserve::transport {

// Waits for one answer: exactly one of these comes, unless forget() comes first.
class HandshakeInQuestion {
 public:
  virtual void on_allowed() = 0;
  virtual void on_refused(RequestError error, const std::string& message) = 0;

 protected:
  ~HandshakeInQuestion() = default;
};

// Lives on the I/O thread, longer than those that wait.
class PendingHandshakes {
 public:
  PendingHandshakes(const Config& config, EventSink& events, const Logger& logger)
      : config_(config), events_(events), logger_(logger) {}

  // Whether there is anybody to ask.
  bool asks() const { return asks_; }
  void start_asking() { asks_ = true; }

  void ask(StreamId id, const RequestHead& head, const SharedEndpoints& endpoints, TimePoint now,
           HandshakeInQuestion& handshake);
  // The client has gone.
  void forget(StreamId id) { waiting_.erase(id); }
  // Of the application; nullopt: the handshake goes on.
  void answer(StreamId id, const std::optional<std::string>& refusal);

  // Every 20 ms or so.
  void advance(TimePoint now);
  void shut_down();

  std::size_t size() const { return waiting_.size(); }

 private:
  struct Deadline {
    TimePoint time;
    StreamId id;
  };

  HandshakeInQuestion* take(StreamId id);

  const Config& config_;
  EventSink& events_;
  const Logger& logger_;
  bool asks_ = false;
  std::unordered_map<StreamId, HandshakeInQuestion*> waiting_;
  std::deque<Deadline> deadlines_;  // in order, as all wait equally long; also of those answered
};

}  // namespace sioserve::transport
