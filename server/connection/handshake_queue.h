// The queue in front of TLS handshakes. A handshake costs the I/O thread up to some milliseconds of
// cryptography, so only a few begin in each loop iteration, and only so many are under way at the
// same time. The others wait in their order: a crowd of clients that connect at once, or an
// attacker, does not delay established connections. Lives on the I/O thread.
#pragma once

#include <cstddef>
#include <list>
#include <memory>

#include "server/net/deferred_queue.h"

namespace sioserve::connection {

class HandshakeQueue final : private net::DeferredTask {
  struct Return {
    void operator()(HandshakeQueue* queue) const { queue->give_back(); }
  };

 public:
  // Of a handshake that is under way. Returned when it is destroyed, before the queue.
  using Place = std::unique_ptr<HandshakeQueue, Return>;

  // Waits for a place. May be destroyed while it waits.
  class Waiter {
   public:
    Waiter() = default;
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    virtual ~Waiter() { leave(); }
    virtual void on_place(Place place) = 0;

   protected:
    bool is_waiting() const { return queue_ != nullptr; }
    // No effect if it does not wait.
    void leave();

   private:
    friend HandshakeQueue;
    HandshakeQueue* queue_ = nullptr;  // null: it does not wait
    std::list<Waiter*>::iterator place_;
  };

  // `limit`: handshakes under way; 0: none.
  HandshakeQueue(net::DeferredQueue& deferred_queue, std::size_t limit)
      : deferred_queue_(deferred_queue), limit_(limit) {}

  // on_place() is called at the end of this loop iteration, or of a later one.
  void enter(Waiter& waiter);

  // Whether one that enters now has to wait for others to end.
  bool is_full() const { return limit_ != 0 && under_way_ + waiting_.size() >= limit_; }
  std::size_t under_way() const { return under_way_; }
  std::size_t waiting() const { return waiting_.size(); }

 private:
  void on_turn_end() override;
  bool has_place() const { return limit_ == 0 || under_way_ < limit_; }
  void give_back();

  net::DeferredQueue& deferred_queue_;
  const std::size_t limit_;
  std::size_t under_way_ = 0;
  std::list<Waiter*> waiting_;
};

}  // namespace sioserve::connection
