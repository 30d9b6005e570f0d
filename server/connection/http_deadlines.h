// What one HTTP connection waits for at the moment, and until when it may. Several waits run side
// by side: the rest of a body, the application, the client that takes the response. Knows neither
// sockets nor requests; the session starts and stops each wait, and acts when one has expired.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "server/base/clock.h"
#include "server/base/config.h"

namespace sioserve::connection {

class HttpDeadlines {
 public:
  enum class Wait {
    first_byte,   // of the first request
    head,         // from the first byte to the end
    body,         // its next piece
    application,  // its whole response
    send,         // for the client to take some of what waits for it
    half_close,   // for output to a client that has ended its side
    drain,        // the rest of a request that has been answered
    keep_alive,   // the next request
  };

  // `drain` is how long the rest of an answered request may take.
  HttpDeadlines(const HttpConfig& config, Milliseconds drain);

  // From `now` on; a wait whose time is 0 never expires.
  void restart(Wait wait, TimePoint now) {
    until_[index(wait)] = deadline_after(now, time_[index(wait)]);
  }
  // Unless it runs already.
  void start(Wait wait, TimePoint now) {
    if (!runs(wait)) restart(wait, now);
  }
  // If it runs.
  void extend(Wait wait, TimePoint now) {
    if (runs(wait)) restart(wait, now);
  }
  // At the latest at `until`.
  void bring_forward(Wait wait, TimePoint until) {
    until_[index(wait)] = std::min(until_[index(wait)], until);
  }
  void stop(Wait wait) { until_[index(wait)] = TimePoint::max(); }

  // The application's time depends on who answers; 0: unlimited. Takes effect with restart().
  void set_application_time(Milliseconds time);

  TimePoint earliest() const;
  // The first wait whose time is over.
  std::optional<Wait> expired(TimePoint now) const;

 private:
  static constexpr std::size_t count = 8;
  static constexpr std::size_t index(Wait wait) { return static_cast<std::size_t>(wait); }
  bool runs(Wait wait) const { return until_[index(wait)] != TimePoint::max(); }

  std::array<Milliseconds, count> time_;
  std::array<TimePoint, count> until_;
};

// How often deadlines must be looked at so that none is noticed much too late.
Milliseconds sweep_interval(const Config& config);

}  // namespace sioserve::connection
