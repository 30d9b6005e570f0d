// Collects the events of one loop iteration and passes them to the application together: one lock
// and one wake-up per iteration. If there are many, they are passed on before more is read.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "server/net/deferred_queue.h"
#include "server/port/event_queue.h"
#include "server/port/event_sink.h"
#include "server/port/message_size.h"
#include "server/port/messages.h"

namespace sioserve::application {

// Lives on the I/O thread.
class EventBuffer final : public EventSink, net::DeferredTask {
 public:
  EventBuffer(net::DeferredQueue& deferred_queue, port::EventQueue& queue)
      : deferred_queue_(deferred_queue), queue_(queue) {}

  void push(Event event) override {
    if (buffer_.empty()) deferred_queue_.schedule(*this);
    line_bytes_ += port::line_size_of(event);
    buffer_.push_back(std::move(event));
    if (buffer_.size() >= at_a_time) deferred_queue_.run_soon();
  }

  // True only if the queue holds so much that the application will report when it has taken it, so
  // that no stream stays paused.
  bool full(StreamId) const override { return full_; }
  void on_events_taken() { full_ = false; }

  // Log lines contain data of clients, so their bytes are limited too.
  bool log_lines_full() const override {
    return full_ || line_bytes_ + queue_.line_bytes() >= max_line_bytes;
  }

 private:
  static constexpr std::size_t max_line_bytes = 16'000'000;
  // What belongs to so many requests is still in the processor's caches when they are answered.
  static constexpr std::size_t at_a_time = 64;

  void on_turn_end() override {
    if (queue_.push(buffer_) == port::EventQueue::State::full) full_ = true;
    line_bytes_ = 0;
    deferred_queue_.give_work_away();
  }

  net::DeferredQueue& deferred_queue_;
  port::EventQueue& queue_;
  std::vector<Event> buffer_;
  bool full_ = false;
  std::size_t line_bytes_ = 0;  // in `buffer_`
};

}  // namespace sioserve::application
