#include "socketio/engine/traffic.h"

namespace sioserve::engine {

void Traffic::session_opened() {
  place_ = Place::polling;
  counters_.add(Counter::sessions);
  counters_.add(Counter::polling_sessions);
  counters_.add(Counter::sessions_opened);
}

void Traffic::websocket_carries() {
  if (place_ != Place::polling) return;
  place_ = Place::websocket;
  counters_.subtract(Counter::polling_sessions);
}

void Traffic::session_closed() {
  if (place_ == Place::nowhere) return;
  if (place_ == Place::polling) counters_.subtract(Counter::polling_sessions);
  place_ = Place::nowhere;
  counters_.subtract(Counter::sessions);
  counters_.add(Counter::sessions_closed);
}

void Traffic::received(std::size_t bytes) {
  counters_.add(Counter::packets_in);
  counters_.add(Counter::bytes_in, bytes);
}

}  // namespace sioserve::engine
