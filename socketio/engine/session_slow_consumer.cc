// What a Session does if its client reads more slowly than messages are sent to it, see
// SocketIoConfig::SlowConsumer.
#include <cstddef>
#include <utility>

#include "socketio/engine/session.h"

namespace sioserve::engine {
namespace {

// With drop_volatile a session is closed when more than this multiple of max_queued_bytes is
// queued.
constexpr std::size_t hard_limit_factor = 4;

}  // namespace

void Session::enforce_limit() {
  using SlowConsumer = SocketIoConfig::SlowConsumer;
  const std::size_t most = config_.socket_io.max_queued_bytes;
  switch (config_.socket_io.slow_consumer) {
    case SlowConsumer::disconnect:
      return drop_slow_consumer(Limit::queued_bytes);
    case SlowConsumer::drop_volatile:
      if (!std::exchange(lags_, true)) limits_.reached(Limit::slow_client, name());
      limits_.lasts(Limit::slow_client, host_.now());
      if (outbox_.bytes() / hard_limit_factor > most) drop_slow_consumer(Limit::queued_bytes);
      return;
    case SlowConsumer::drop_oldest: {
      std::size_t dropped = 0;
      while (outbox_.bytes() > most && outbox_.drop_oldest()) ++dropped;
      if (dropped > 0) limits_.reached(Limit::dropped, name(), dropped);
      if (outbox_.bytes() > most) return drop_slow_consumer(Limit::queued_bytes);
      return count_queued();
    }
  }
}

void Session::drop_slow_consumer(Limit limit) {
  if (state_ == State::closed || overflowed_) return;
  overflowed_ = true;
  limits_.reached(limit, name());
  outbox_.clear();
  count_queued();
  arm();
}

}  // namespace sioserve::engine
