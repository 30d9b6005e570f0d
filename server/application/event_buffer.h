// Collects the events of one turn of the loop and hands them to the application thread together:
// one lock and one wake-up per turn.
#pragma once

#include <cstddef>
#include <vector>

#include "server/base/app_events.h"
#include "server/base/batch_queue.h"
#include "server/base/event_sink.h"
#include "server/net/turn_queue.h"

namespace sioserve::application {

// Lives on the I/O thread.
class EventBuffer final : public EventSink, net::TurnTask {
 public:
  // `limit`: this many events waiting for the application make the sink full.
  EventBuffer(net::TurnQueue& turn_queue, BatchQueue<AppEvent>& queue, std::size_t limit)
      : turn_queue_(turn_queue), queue_(queue), limit_(limit) {}

  void push(AppEvent event) override {
    if (buffer_.empty()) turn_queue_.schedule(*this);
    buffer_.push_back(std::move(event));
  }

  // Becomes true only when as many events really wait as make the application report that it has
  // drained them; so nobody pauses for ever.
  bool full() const override { return full_; }
  void on_drained() { full_ = false; }

 private:
  void on_turn_end() override {
    if (queue_.push_all(buffer_) >= limit_) full_ = true;
  }

  net::TurnQueue& turn_queue_;
  BatchQueue<AppEvent>& queue_;
  std::size_t limit_;
  std::vector<AppEvent> buffer_;
  bool full_ = false;
};

}  // namespace sioserve::application
