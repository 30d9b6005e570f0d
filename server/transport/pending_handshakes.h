// Handshakes that wait for a decision of the application (allow_request). The timeout is that for
// accepting a WebSocket; then the handshake is refused.
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
#include "server/port/handshake_messages.h"
#include "server/port/ids.h"
#include "server/transport/admission.h"

namespace sioserve::transport {

enum class OriginDecision { allowed, refused };

// Gets exactly one of these calls for each question, unless forget() is called first.
class PendingHandshake {
 public:
  virtual void on_origin_decided(OriginDecision decision) = 0;
  // `headers` go into the response, `session_headers` into all responses of the session.
  virtual void on_allowed(Headers headers, Headers session_headers) = 0;
  virtual void on_refused(RequestError error, const std::string& message) = 0;

 protected:
  ~PendingHandshake() = default;
};

// Lives on the I/O thread, longer than the handshakes.
class PendingHandshakes {
 public:
  PendingHandshakes(const Config& config, EventSink& events, const Logger& logger)
      : config_(config), events_(events), logger_(logger) {}

  // Whether the application uses allow_request.
  bool asks() const { return asks_; }
  void start_asking() { asks_ = true; }

  void ask(StreamId id, HandshakeTopic topic, const RequestHead& head,
           const SharedEndpoints& endpoints, TimePoint now, PendingHandshake& handshake);
  // The client has disconnected.
  void forget(StreamId id) { waiting_.erase(id); }
  void answer(HandshakeDecision decision);

  // Call it at least every 20 ms.
  void advance(TimePoint now);
  void shut_down();

  std::size_t size() const { return waiting_.size(); }

 private:
  struct Deadline {
    TimePoint time;
    StreamId id;
  };

  struct Waiting {
    PendingHandshake* handshake = nullptr;
    HandshakeTopic topic = HandshakeTopic::request;
  };

  // Null: it does not wait any longer.
  Waiting take(StreamId id);

  const Config& config_;
  EventSink& events_;
  const Logger& logger_;
  bool asks_ = false;
  std::unordered_map<StreamId, Waiting> waiting_;
  std::deque<Deadline> deadlines_;  // in order, as all have the same timeout; answered ones too
  std::size_t late_ = 0;            // handshakes that the log has not told of
  TimePoint next_report_{};
};

}  // namespace sioserve::transport
