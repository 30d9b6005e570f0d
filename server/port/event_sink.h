// The interface through which the I/O thread pushes events for the application.
#pragma once

#include "server/port/ids.h"
#include "server/port/messages.h"

namespace sioserve {

// Lives on the I/O thread.
class EventSink {
 public:
  // Never fails and never blocks.
  virtual void push(Event event) = 0;
  // More events are queued than configured for the process that gets those of this stream or
  // session: after pushing one of them, stop reading from its socket until the events are taken.
  virtual bool full(StreamId stream) const = 0;
  // So many log lines are queued that further ones should be dropped.
  virtual bool log_lines_full() const = 0;

 protected:
  ~EventSink() = default;
};

}  // namespace sioserve
