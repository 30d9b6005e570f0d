// The events on their way to the application. They are handed over by batches, with one lock and
// one wake-up for each: the I/O side gives those of a turn, the application takes all that wait.
//
// The queue takes everything it is given. Its bound is told to the producer, who then has less read
// from clients: from the moment when it is full until the application has taken what waited.
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

  enum class State { room, full };

  // Any thread. Moves all of `events`, which is empty afterwards. Once it has returned `full`, the
  // take() that follows does so too.
  State push(std::vector<Event>& events);

  // Of the lines for logs that wait. Any thread.
  std::size_t line_bytes() const;

  // One thread. Replaces `batch` by everything that waits, oldest first. `full`: the producer was
  // told so, and is to hear that there is room again. The batch's old storage becomes the queue's,
  // so that neither side allocates in a steady state.
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
