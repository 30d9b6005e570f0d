#include "server/connection/handshake_queue.h"

namespace sioserve::connection {
namespace {

// The loop runs the deferred queue a few times in each iteration.
constexpr int begun_at_a_time = 2;

}  // namespace

void HandshakeQueue::Waiter::leave() {
  if (queue_ == nullptr) return;
  queue_->waiting_.erase(place_);
  queue_ = nullptr;
}

void HandshakeQueue::enter(Waiter& waiter) {
  waiter.queue_ = this;
  waiter.place_ = waiting_.insert(waiting_.end(), &waiter);
  deferred_queue_.schedule(*this);
}

void HandshakeQueue::on_turn_end() {
  for (int i = 0; i < begun_at_a_time && has_place() && !waiting_.empty(); ++i) {
    Waiter& next = *waiting_.front();
    next.leave();
    ++under_way_;
    next.on_place(Place(this));
  }
  if (has_place() && !waiting_.empty()) deferred_queue_.schedule(*this);
}

void HandshakeQueue::give_back() {
  --under_way_;
  if (!waiting_.empty()) deferred_queue_.schedule(*this);
}

}  // namespace sioserve::connection
