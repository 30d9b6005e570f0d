// The interface of a server for the application's thread: it returns events and takes commands and
// questions.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include "server/base/config.h"
#include "server/base/logger.h"
#include "server/port/answers.h"
#include "server/port/messages.h"
#include "server/port/questions.h"

namespace sioserve {

class Port {
 public:
  // Any thread. Never waits.
  virtual void post(Command&& command) = 0;

  // The answer is given to answers(), after the commands that were posted before. From any thread
  // but the I/O thread. Never waits.
  virtual QuestionId ask(Question question) = 0;
  virtual port::Answers& answers() = 0;

  // Backpressure on emits: see command_queue.h. From any thread but the I/O thread.
  virtual bool is_overloaded(std::chrono::milliseconds age) const = 0;
  virtual void wait_for_space(std::chrono::milliseconds age) = 0;
  // The event CommandQueueHasSpace follows; false: there is already space.
  virtual bool notify_of_space() = 0;

  // From one thread. Replaces `batch` by the queued events.
  virtual void take_events(std::vector<Event>& batch) = 0;
  // Any thread.
  virtual Logger& logger() = 0;
  virtual const Config& config() const = 0;

 protected:
  ~Port() = default;
};

}  // namespace sioserve
