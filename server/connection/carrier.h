// What carries an exchange or a WebSocket: a connection, or one stream of an HTTP/2 connection.
#pragma once

#include "server/base/http_values.h"
#include "server/connection/access_tracker.h"
#include "server/connection/context.h"
#include "server/connection/service.h"
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
  net::Stream& stream() { return *stream_; }
  AccessTracker& access() { return access_; }
  // What the listener of the connection is for.
  Service service() const { return service_; }
  // The peer has shut down its sending side.
  bool peer_ended() const { return peer_ended_; }

  // The state of the protocol or exchange has changed: it must be advanced.
  virtual void touch() = 0;
  // First notify the protocol's handlers. `endpoints` are those of the last request.
  virtual void end(ConnectionEnd how, const SharedEndpoints& endpoints) = 0;

 protected:
  // Both outlive the carrier.
  Carrier(Context& context, net::Stream& stream, Service service)
      : context_(context),
        access_(context.access_log, stream),
        stream_(&stream),
        service_(service) {}
  ~Carrier() = default;

  // Takes the place of the first stream.
  void change_stream(net::Stream& stream) {
    stream_ = &stream;
    access_.watch(stream);
  }

  Context& context_;
  AccessTracker access_;
  bool peer_ended_ = false;

 private:
  net::Stream* stream_;
  const Service service_;
};

}  // namespace sioserve::connection
