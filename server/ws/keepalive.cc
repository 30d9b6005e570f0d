#include "server/ws/keepalive.h"

#include <utility>

namespace sioserve::ws {

Keepalive::Keepalive(Milliseconds interval, Milliseconds timeout, TimePoint now)
    : interval_(interval), timeout_(timeout) {
  heard(now);
}

void Keepalive::heard(TimePoint now) {
  pinged_ = false;
  deadline_ = deadline_after(now, interval_);
}

void Keepalive::resume(TimePoint now) {
  if (std::exchange(paused_, false)) heard(now);
}

Keepalive::Action Keepalive::advance(TimePoint now) {
  if (now < deadline_) return Action::none;
  if (pinged_ && !paused_ && timeout_ > Milliseconds(0)) {
    deadline_ = TimePoint::max();
    return Action::give_up;
  }
  pinged_ = true;
  deadline_ = deadline_after(now, paused_ || timeout_ == Milliseconds(0) ? interval_ : timeout_);
  return Action::ping;
}

}  // namespace sioserve::ws
