// When to ping a peer, and when to give it up (RFC 6455 section 5.5.2).
#pragma once

#include "server/base/clock.h"

namespace sioserve::ws {

// Whatever comes from the peer shows that it lives. After `interval` without anything it is pinged,
// and after `timeout` without anything more it is given up. While its bytes are not read its
// silence means nothing: it is pinged on, for those between us, but not given up.
//
// An interval of 0: no pings. A timeout of 0: pings only.
class Keepalive {
 public:
  Keepalive(Milliseconds interval, Milliseconds timeout, TimePoint now);

  void heard(TimePoint now);
  void pause() { paused_ = true; }
  void resume(TimePoint now);

  enum class Action { none, ping, give_up };
  // To be called at deadline(), and obeyed.
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
