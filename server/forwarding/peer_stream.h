// The bytes of an inner connection: a socket, or TLS above one; and the words for what becomes of
// it. Lives on the loop's thread.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "server/forwarding/link.h"
#include "server/net/stream.h"
#include "server/tls/engine.h"

namespace sioserve::forwarding {

class PeerStream {
 public:
  // `engine` belongs to `stream`; null: there is no TLS.
  PeerStream(std::unique_ptr<net::Stream> stream, const tls::Engine* engine)
      : stream_(std::move(stream)), engine_(engine) {}

  net::Stream& operator*() const { return *stream_; }
  net::Stream* operator->() const { return stream_.get(); }

  bool in_tls_handshake() const {
    return engine_ != nullptr && engine_->state() == tls::Engine::State::handshake;
  }
  // The ends of sentences about the other server: why on_broken() was called, and why the link has
  // failed.
  std::string describe_break() const;
  std::string describe_failure(LinkError error) const;

 private:
  std::unique_ptr<net::Stream> stream_;
  const tls::Engine* engine_;
};

}  // namespace sioserve::forwarding
