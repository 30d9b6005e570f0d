#include "server/forwarding/peer_stream.h"

#include "server/tls/peer_failure.h"

namespace sioserve::forwarding {

std::string PeerStream::describe_break() const {
  if (engine_ == nullptr || engine_->state() != tls::Engine::State::failed) return "it is broken";
  return tls::describe_peer_failure(*engine_);
}

std::string PeerStream::describe_failure(LinkError error) const {
  if (error == LinkError::late && in_tls_handshake()) return "the TLS handshake took too long";
  return forwarding::describe(error);
}

}  // namespace sioserve::forwarding
