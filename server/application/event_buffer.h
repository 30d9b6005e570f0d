// Collects the events of one turn of the loop and hands them to the application thread together:
// one lock and one wake-up per turn.
#pragma once

#include <cstddef>
#include <utility>
#include <variant>
#include <vector>

#include "server/net/turn_queue.h"
#include "server/port/batch_queue.h"
#include "server/port/event_sink.h"
#include "server/port/messages.h"

namespace sioserve::application {

// Lives on the I/O thread.
class EventBuffer final : public EventSink, net::TurnTask {
 public:
  // `limit`: this many events waiting for the application make the sink full.
  EventBuffer(net::TurnQueue& turn_queue, BatchQueue<Event>& queue, std::size_t limit)
      : turn_queue_(turn_queue), queue_(queue), limit_(limit) {}

  void push(Event event) override {
    if (buffer_.empty()) turn_queue_.schedule(*this);
    turn_line_bytes_ += bytes_of_line(event);
    buffer_.push_back(std::move(event));
  }

  // Becomes true only when as many events really wait as make the application report that it has
  // drained them; so nobody pauses for ever.
  bool full() const override { return full_; }
  void on_drained() { full_ = false; }

  // What a client asks for stands in lines, so few of them may be much.
  bool full_of_lines() const override {
    if (full_ || turn_line_bytes_ >= max_line_bytes) return true;
    return line_bytes_ + turn_line_bytes_ >= max_line_bytes && !queue_.empty();
  }

 private:
  static constexpr std::size_t max_line_bytes = 16'000'000;

  // An access log's entry holds the request beside its line.
  static std::size_t bytes_of_line(const Event& event) {
    if (const auto* record = get_message<LogRecord>(event)) return record->message.size();
    if (const auto* entry = get_message<AccessEntry>(event)) return 4 * entry->line.size();
    return 0;
  }

  void on_turn_end() override {
    const std::size_t pushed = buffer_.size();
    const std::size_t waiting = queue_.push_all(buffer_);
    if (waiting >= limit_) full_ = true;
    if (waiting == pushed) line_bytes_ = 0;  // the application had taken all that was before
    line_bytes_ += std::exchange(turn_line_bytes_, 0);
  }

  net::TurnQueue& turn_queue_;
  BatchQueue<Event>& queue_;
  std::size_t limit_;
  std::vector<Event> buffer_;
  bool full_ = false;
  std::size_t line_bytes_ = 0;       // that wait, or have been taken since the latest turn
  std::size_t turn_line_bytes_ = 0;  // in `buffer_`
};

}  // namespace sioserve::application
