// The queue of events for the application. Events are passed in batches, with one lock and one
// wake-up each: the I/O thread pushes those of a loop iteration, the application takes all queued
// ones.
//
// The queue never refuses events. It reports to the producer that it is full, and the producer
// stops reading from clients until the application has taken the events.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <vector>

#include "server/port/messages.h"

namespace sioserve::port {

class EventQueue {
 public:
  struct Limits {
    std::size_t events;
    std::size_t bytes;  // as message_size.h counts them
  };

  // `wake` runs on the pushing thread, outside the lock, whenever the queue stops being empty; it
  // may be called on any thread.
  EventQueue(Limits limits, std::function<void()> wake);

  enum class State { has_space, full };

  // From any thread. Moves all of `events`, which is empty afterwards. If it returns `full`, so
  // does the next take().
  State push(std::vector<Event>& events);

  // The number of queued events. From any thread.
  std::size_t size() const;

  // Bytes of the queued log lines. From any thread.
  std::size_t line_bytes() const;

  // From one thread. Replaces `batch` by all queued events, oldest first. `full`: the producer was
  // told that the queue is full and must be told that it has space again. The queue reuses the
  // batch's old storage, so that neither side allocates in a steady state.
  State take(std::vector<Event>& batch);

 private:
  const Limits limits_;
  const std::function<void()> wake_;
  mutable std::mutex mutex_;
  std::vector<Event> events_;
  std::size_t bytes_ = 0;
  std::size_t line_bytes_ = 0;
};

}  // namespace sioserve::port
