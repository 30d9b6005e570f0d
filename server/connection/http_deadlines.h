// The timeouts of an HTTP connection, and those of one exchange.
#pragma once

#include "server/base/clock.h"
#include "server/base/config.h"
#include "server/connection/deadlines.h"

namespace sioserve::connection {

enum class ConnectionWait {
  first_byte,  // of the first request
  head,        // from the first byte to the end
  send,        // for the client to read queued output
  drain,       // the rest of a request after its response
  keep_alive,  // the next request
};

class ConnectionDeadlines : public Deadlines<ConnectionWait, 5> {
 public:
  // `drain`: how long the rest of a request may take after its response.
  ConnectionDeadlines(const HttpConfig& config, Milliseconds drain)
      : Deadlines({config.first_byte_timeout, config.header_timeout, config.send_timeout, drain,
                   config.keep_alive_timeout}) {}
};

enum class ExchangeWait {
  body,         // its next part
  application,  // its whole response; set by the handler, 0 (unlimited) at first
  half_close,   // for output to a client that shut down its sending side
};

class ExchangeDeadlines : public Deadlines<ExchangeWait, 3> {
 public:
  explicit ExchangeDeadlines(const HttpConfig& config)
      : Deadlines({config.body_timeout, Milliseconds(0), config.half_close_timeout}) {}
};

// How often timeouts must be checked so that none expires much too late.
Milliseconds sweep_interval(const Config& config);

}  // namespace sioserve::connection
