// What carries an exchange or a WebSocket: a connection, or one stream of an HTTP/2 connection.
#pragma once

#include "server/base/http_values.h"
#include "server/connection/access_tracker.h"
#include "server/connection/context.h"
#include "server/net/stream.h"

namespace sioserve::connection {

enum class ConnectionEnd {
  linger,  // after the queued output; gives the peer time to read it
  close,   // immediately
};

// Lives on the I/O thread.
class Carrier {
 public:
  Carrier(const Carrier&) = delete;
  Carrier& operator=(const Carrier&) = delete;

  Context& context() { return context_; }
  net::Stream& stream() { return stream_; }
  AccessTracker& access() { return access_; }
  // The peer has shut down its sending side.
  bool peer_ended() const { return peer_ended_; }

  // The state of the protocol or exchange has changed: it must be advanced.
  virtual void touch() = 0;
  // First notify the protocol's handlers. `endpoints` are those of the last request.
  virtual void end(ConnectionEnd how, const SharedEndpoints& endpoints) = 0;

 protected:
  // Both outlive the carrier.
  Carrier(Context& context, net::Stream& stream)
      : context_(context), stream_(stream), access_(context.access_log, stream) {}
  ~Carrier() = default;

  Context& context_;
  net::Stream& stream_;
  AccessTracker access_;
  bool peer_ended_ = false;
};

}  // namespace sioserve::connection
