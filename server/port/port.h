// What the application's side sees of a server: events come out, commands go in.
#pragma once

#include <cstddef>
#include <vector>

#include "server/base/config.h"
#include "server/base/counters.h"
#include "server/base/logger.h"
#include "server/port/messages.h"

namespace sioserve {

class Port {
 public:
  // Any thread.
  virtual void post(Command command) = 0;
  // One thread. Replaces `batch` by what waits; returns how many that is.
  virtual std::size_t take_events(std::vector<Event>& batch) = 0;
  // Any thread.
  virtual Logger& logger() = 0;
  virtual const Counters& counters() const = 0;
  virtual const Config& config() const = 0;

 protected:
  ~Port() = default;
};

}  // namespace sioserve
