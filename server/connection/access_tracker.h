// Tracks the requests of one connection for the access log.
// A request begins with its first byte. When its exchange has ended, its record waits until the
// kernel has taken the queued output (at the latest until the end of the next exchange), or until
// the connection closes: then the response was cut. Does nothing without an access log.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "server/base/access_record.h"
#include "server/base/clock.h"
#include "server/base/http_values.h"
#include "server/http/response.h"
#include "server/net/stream.h"

namespace sioserve::connection {

// When a request began, when its head was complete, and what has served it.
struct RequestProgress {
  TimePoint begin{};
  TimePoint routed{};
  ServedBy served_by = ServedBy::server;
};

// Lives on the I/O thread, in the connection.
class AccessTracker {
 public:
  // Both outlive the tracker. `log` may be null.
  AccessTracker(AccessLog* log, const net::Stream& stream) : log_(log), stream_(&stream) {}

  // Another stream has taken the place of the first one.
  void watch(const net::Stream& stream) { stream_ = &stream; }

  bool on() const { return log_ != nullptr; }

  // Bytes of a request have arrived. Only the first call for each request has an effect.
  void request_begins() {
    if (log_ == nullptr) return;
    came_at_once_ = !begin_;
    if (!begin_) begin_ = log_->now();
  }

  // Of the request whose head is complete; later bytes belong to the next request.
  RequestProgress take_progress();

  // The exchange has ended. If the response has not started, there was no response.
  void request_ends(const SharedRequestHead& head, const SharedEndpoints& endpoints,
                    const http::Response& response, const RequestProgress& progress);

  // What serves the WebSocket, which the next calls are for.
  void websocket_served_by(ServedBy served_by) { served_by_ = served_by; }
  void websocket_connecting(const SharedRequestHead& head, const SharedEndpoints& endpoints);
  void websocket_connect(const SharedRequestHead& head, const SharedEndpoints& endpoints);
  void websocket_reject(const SharedRequestHead& head, const SharedEndpoints& endpoints,
                        const http::Response& response);
  void websocket_disconnect(const SharedRequestHead& head, const SharedEndpoints& endpoints,
                            std::uint16_t code);

  void on_drain() {
    if (pending_ && stream_->buffered() == 0) flush();
  }
  void on_broken() { broken_ = true; }
  void on_closed();

 private:
  void add(AccessEvent event, const SharedRequestHead& head, const SharedEndpoints& endpoints,
           const http::Response& response, const RequestProgress& progress);
  void add_stages(const http::Response& response, const RequestProgress& progress);
  void write(AccessEvent event, const SharedRequestHead& head, const SharedEndpoints& endpoints,
             std::uint16_t status, std::uint16_t close_code);
  void flush();

  AccessLog* const log_;  // null: none
  const net::Stream* stream_;
  std::optional<TimePoint> begin_;         // of the request that is being received
  bool came_at_once_ = false;              // all bytes of its head
  std::unique_ptr<AccessRecord> pending_;  // null: none
  TimePoint pending_begin_;
  TimePoint pending_end_;                  // of the exchange, if its stages are measured
  ServedBy served_by_ = ServedBy::server;  // of a WebSocket
  bool accepted_ = false;                  // the WebSocket
  bool broken_ = false;                    // queued output is lost
};

}  // namespace sioserve::connection
