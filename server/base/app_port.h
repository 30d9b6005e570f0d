// What the application's side sees of a server: events come out, commands go in.
#pragma once

#include <cstddef>
#include <vector>

#include "server/base/app_events.h"
#include "server/base/config.h"
#include "server/base/counters.h"
#include "server/base/logger.h"
#include "server/base/server_commands.h"

namespace sioserve {

class AppPort {
 public:
  // Any thread.
  virtual void post(ServerCommand command) = 0;
  // One thread. Replaces `batch` by what waits; returns how many that is.
  virtual std::size_t take_events(std::vector<AppEvent>& batch) = 0;
  // Any thread.
  virtual Logger& logger() = 0;
  virtual const Counters& counters() const = 0;
  virtual const Config& config() const = 0;

 protected:
  ~AppPort() = default;
};

}  // namespace sioserve
