// Where the I/O thread leaves events for the application.
#pragma once

#include "server/port/messages.h"

namespace sioserve {

// Lives on the I/O thread.
class EventSink {
 public:
  // Never fails and never blocks.
  virtual void push(Event event) = 0;
  // More events wait than the configuration allows: whoever has just pushed one for a socket stops
  // reading from that socket until Command EventsTaken.
  virtual bool full() const = 0;
  // Lines for logs wait in such a number or size that the next ones are better dropped.
  virtual bool full_of_lines() const { return full(); }

 protected:
  ~EventSink() = default;
};

}  // namespace sioserve
