// What the application's side sees of a server: events come out, commands and questions go in.
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
  virtual void post(Command command) = 0;

  // The answer comes to answers(), behind what was posted before. Any thread but the I/O side's.
  // Never waits.
  virtual QuestionId ask(Question question) = 0;
  virtual port::Answers& answers() = 0;

  // Back-pressure for whoever emits: see command_queue.h. Any thread but the I/O side's.
  virtual bool is_crowded(std::chrono::milliseconds age) const = 0;
  virtual void wait_for_room(std::chrono::milliseconds age) = 0;
  // The event RoomForCommands follows; false: there is room already.
  virtual bool tell_of_room() = 0;

  // One thread. Replaces `batch` by what waits.
  virtual void take_events(std::vector<Event>& batch) = 0;
  // Any thread.
  virtual Logger& logger() = 0;
  virtual const Config& config() const = 0;

 protected:
  ~Port() = default;
};

}  // namespace sioserve
