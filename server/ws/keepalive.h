// When to ping a peer, and when to close its connection (RFC 6455 section 5.5.2).
#pragma once

#include "server/base/clock.h"

namespace sioserve::ws {

// Any data from the peer shows that it is alive. After `interval` without data it is pinged, and
// after `timeout` without data after that, the connection is closed. While the socket is not read,
// pings are still sent, for proxies in between, but the connection is not closed.
//
// An interval of 0: no pings. A timeout of 0: pings only.
class Keepalive {
 public:
  Keepalive(Milliseconds interval, Milliseconds timeout, TimePoint now);

  void heard(TimePoint now);
  void pause() { paused_ = true; }
  bool is_paused() const { return paused_; }
  void resume(TimePoint now);

  enum class Action { none, ping, give_up };
  // Call it at deadline(); the caller must do what it returns.
  Action advance(TimePoint now);
  TimePoint deadline() const { return deadline_; }

 private:
  Milliseconds interval_;
  Milliseconds timeout_;
  TimePoint deadline_ = TimePoint::max();
  bool pinged_ = false;
  bool paused_ = false;
};

}  // namespace sioserve::ws
