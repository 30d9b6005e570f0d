// Where the I/O thread leaves events for the application.
#pragma once

#include "server/base/app_events.h"

namespace sioserve {

// Lives on the I/O thread.
class EventSink {
 public:
  // Never fails and never blocks.
  virtual void push(AppEvent event) = 0;
  // More events wait than the configuration allows: whoever has just pushed one for a socket stops
  // reading from that socket until ServerCommand AppQueueDrained.
  virtual bool full() const = 0;

 protected:
  ~EventSink() = default;
};

}  // namespace sioserve
