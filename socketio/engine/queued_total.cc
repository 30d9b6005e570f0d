#include "socketio/engine/queued_total.h"

#include <algorithm>

#include "socketio/engine/session.h"

namespace sioserve::engine {

void QueuedTotal::change(Session& session, std::size_t before, std::size_t now) {
  bytes_ += now - before;  // a decrease wraps around, modulo 2^64
  if (now == 0) {
    waiting_.erase(&session);
    return;
  }
  if (before == 0) waiting_.insert(&session);
  if (now > before) enforce_limit();
}

void QueuedTotal::enforce_limit() {
  while (most_ != 0 && bytes_ > most_ && !waiting_.empty()) {
    Session* const largest = *std::ranges::max_element(waiting_, {}, &Session::queued_bytes);
    largest->drop_slow_consumer(Limit::queued_total);
  }
}

}  // namespace sioserve::engine
