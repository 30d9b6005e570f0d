// What a Session does when the peer of its WebSocket broke the protocol: the layer above answers
// what came before that, and then the WebSocket is closed with the fault's code. The transport
// waits for that for some seconds only.
#include <utility>

#include "socketio/engine/session.h"

namespace sioserve::engine {

bool Session::peer_faulted(WebSocketTransport& websocket, CloseReason reason) {
  if (&websocket != websocket_ || state_ != State::open) return false;  // a probe: polling goes on
  if (reason == CloseReason::payload_too_large) limits_.reached(Limit::payload, name());
  fault_ = reason;
  return observer_->awaits_answers();
}

void Session::answers_given() {
  if (fault_) end(*fault_);
}

void Session::receive_oversized(WebSocketTransport& websocket) {
  if (&websocket != websocket_) return;  // a probe closes, and the session lives on
  limits_.reached(Limit::payload, name());
  end(CloseReason::payload_too_large);
}

}  // namespace sioserve::engine
