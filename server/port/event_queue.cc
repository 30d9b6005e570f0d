#include "server/port/event_queue.h"

#include <iterator>
#include <utility>

#include "server/port/message_size.h"

namespace sioserve::port {

EventQueue::EventQueue(Limits limits, std::function<void()> wake)
    : limits_(limits), wake_(std::move(wake)) {}

EventQueue::State EventQueue::push(std::vector<Event>& events) {
  if (events.empty()) return State::has_space;
  std::size_t bytes = 0;
  std::size_t line_bytes = 0;
  for (const Event& event : events) {
    bytes += size_of(event);
    line_bytes += line_size_of(event);
  }
  bool was_empty;
  State state;
  {
    std::lock_guard lock(mutex_);
    was_empty = events_.empty();
    if (was_empty) {
      events_.swap(events);
    } else {
      events_.insert(events_.end(), std::make_move_iterator(events.begin()),
                     std::make_move_iterator(events.end()));
    }
    bytes_ += bytes;
    line_bytes_ += line_bytes;
    state = events_.size() >= limits_.events || bytes_ >= limits_.bytes ? State::full
                                                                        : State::has_space;
  }
  events.clear();
  if (was_empty) wake_();
  return state;
}

std::size_t EventQueue::size() const {
  std::lock_guard lock(mutex_);
  return events_.size();
}

std::size_t EventQueue::line_bytes() const {
  std::lock_guard lock(mutex_);
  return line_bytes_;
}

EventQueue::State EventQueue::take(std::vector<Event>& batch) {
  batch.clear();
  std::lock_guard lock(mutex_);
  batch.swap(events_);
  line_bytes_ = 0;
  const std::size_t bytes = std::exchange(bytes_, 0);
  return batch.size() >= limits_.events || bytes >= limits_.bytes ? State::full : State::has_space;
}

}  // namespace sioserve::port
