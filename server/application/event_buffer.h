// Collects the events of one turn of the loop and hands them to the application together: one lock
// and one wake-up per turn.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "server/net/turn_queue.h"
#include "server/port/event_queue.h"
#include "server/port/event_sink.h"
#include "server/port/message_size.h"
#include "server/port/messages.h"

namespace sioserve::application {

// Lives on the I/O thread.
class EventBuffer final : public EventSink, net::TurnTask {
 public:
  EventBuffer(net::TurnQueue& turn_queue, port::EventQueue& queue)
      : turn_queue_(turn_queue), queue_(queue) {}

  void push(Event event) override {
    if (buffer_.empty()) turn_queue_.schedule(*this);
    line_bytes_ += port::line_size_of(event);
    buffer_.push_back(std::move(event));
  }

  // Becomes true only when as much really waits as makes the application report that it has taken
  // it; so nobody pauses for ever.
  bool full() const override { return full_; }
  void on_events_taken() { full_ = false; }

  // What a client asks for stands in lines, so few of them may be much.
  bool full_of_lines() const override {
    return full_ || line_bytes_ + queue_.line_bytes() >= max_line_bytes;
  }

 private:
  static constexpr std::size_t max_line_bytes = 16'000'000;

  void on_turn_end() override {
    if (queue_.push(buffer_) == port::EventQueue::State::full) full_ = true;
    line_bytes_ = 0;
  }

  net::TurnQueue& turn_queue_;
  port::EventQueue& queue_;
  std::vector<Event> buffer_;
  bool full_ = false;
  std::size_t line_bytes_ = 0;  // in `buffer_`
};

}  // namespace sioserve::application
