// The interfaces of the HTTP requests and WebSockets of a session. Implemented by server/transport.
//
// Each object borrows the session until it is released: by finish(), close(), or by reporting its
// own end to the session. After that the session never calls it. No function here calls back into
// the session.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "server/base/bytes.h"
#include "socketio/engine/framing.h"

namespace sioserve::engine {

// A WebSocket is closed without a code unless there is a specific one, as in the reference server:
// clients see 1005.
inline constexpr std::uint16_t no_close_code = 1005;

enum class HttpOutcome { ok, bad_request };

// A GET that waits for packets.
class PollRequest {
 public:
  // bad_request ignores `payload`. Releases.
  virtual void finish_poll(HttpOutcome outcome, Payload payload) = 0;

 protected:
  ~PollRequest() = default;
};

// A POST with packets.
class PostRequest {
 public:
  // Releases.
  virtual void finish_post(HttpOutcome outcome) = 0;

 protected:
  ~PostRequest() = default;
};

class WebSocketTransport {
 public:
  virtual void send(MessageKind kind, const SharedBytes& bytes, Compression compression) = 0;
  virtual std::size_t buffered() const = 0;
  virtual void pause_reading() = 0;
  virtual void resume_reading() = 0;
  // After the queued messages; 1005: without a code. Releases.
  virtual void close(std::uint16_t code) = 0;
  // Without sending anything else. Releases.
  virtual void abort() = 0;

 protected:
  ~WebSocketTransport() = default;
};

}  // namespace sioserve::engine
