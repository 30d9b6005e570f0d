// The data for one line of the access log: an HTTP request, or one step of a WebSocket.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "server/base/clock.h"
#include "server/base/http_values.h"

namespace sioserve {

enum class AccessEvent {
  http,                  // a request, with its response
  websocket_connecting,  // an upgrade request; one of the next three follows
  websocket_connect,     // accepted
  websocket_reject,      // refused, with an HTTP response
  websocket_disconnect,  // over
};

// The client disconnected before a response; this status is never sent. nginx uses the same number.
inline constexpr std::uint16_t client_closed_request = 499;

// Which part of the server has made the response.
enum class ServedBy { server, application, engine_io, static_files };
inline constexpr std::size_t served_by_count = 4;

// The parts of the time of a request to the application.
struct AccessStages {
  std::chrono::microseconds wait{0};  // from its head until Python, and a thread, began with it
  std::chrono::microseconds run{0};   // until the application ended its response
  std::chrono::microseconds send{0};  // until the kernel took the last byte
};

struct AccessRecord {
  AccessEvent event = AccessEvent::http;
  SharedRequestHead
      head;  // never null; without a method, a path or a version: that could not be read
  SharedEndpoints endpoints;
  std::uint16_t status = 0;          // 0: none
  Headers response_headers;          // only where the log wants them
  std::uint64_t response_bytes = 0;  // of the body, without its framing
  std::uint16_t close_code = 0;      // of websocket_disconnect
  // From the request's first byte until the kernel took the last byte of the response, or until the
  // WebSocket's step.
  std::chrono::microseconds duration{0};
  std::chrono::microseconds thread_wait{0};  // part of it: see ResponseHead
  bool complete = true;                      // false: the response was cut
  ServedBy served_by = ServedBy::server;
  bool was_accepted = false;           // of websocket_disconnect
  std::string route;                   // see ResponseHead
  std::optional<AccessStages> stages;  // only where requests are measured
};

// Lives on the I/O thread.
class AccessLog {
 public:
  // May move from the record.
  virtual void write(AccessRecord&& record) = 0;
  virtual bool wants_response_headers() const = 0;
  // The loop's time has a resolution of a millisecond and does not change during an iteration: too
  // coarse here.
  virtual TimePoint now() const = 0;

 protected:
  ~AccessLog() = default;
};

}  // namespace sioserve
