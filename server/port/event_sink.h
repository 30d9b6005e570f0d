// The interface through which the I/O thread pushes events for the application.
#pragma once

#include "server/port/messages.h"

namespace sioserve {

// Lives on the I/O thread.
class EventSink {
 public:
  // Never fails and never blocks.
  virtual void push(Event event) = 0;
  // More events are queued than configured: after pushing an event of a socket, stop reading from
  // that socket until the command EventsTaken.
  virtual bool full() const = 0;
  // So many log lines are queued that further ones should be dropped.
  virtual bool log_lines_full() const { return full(); }

 protected:
  ~EventSink() = default;
};

}  // namespace sioserve
