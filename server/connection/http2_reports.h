// Log lines about clients that misuse HTTP/2. Floods: two lines for an episode, however many
// clients take part. Violations of the protocol: at most one line for each connection, and few of
// all.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "server/base/clock.h"
#include "server/base/counters.h"
#include "server/base/http_values.h"
#include "server/base/limit_episode.h"
#include "server/base/logger.h"
#include "server/connection/limited_lines.h"
#include "server/http2/flood_guard.h"

namespace sioserve::connection {

// Lives on the I/O thread.
class Http2Reports {
 public:
  // Outlives this object.
  explicit Http2Reports(const Logger& logger)
      : logger_(logger), violations_(logger, LogLevel::warning, "HTTP/2 protocol errors") {}

  // A connection of this client is closed.
  void flooded(http2::Flood flood, const Address& client, TimePoint now);
  // Whether the log may have a line about a client that violates the protocol.
  [[nodiscard]] bool admit_violation(TimePoint now) { return violations_.admit(now); }

  // Call it regularly: ends episodes.
  void sweep(TimePoint now);
  // Whether sweep() has nothing to do.
  bool quiet() const;

 private:
  static constexpr std::size_t count = 3;  // kinds of floods

  const Logger& logger_;
  std::array<LimitEpisode, count> episodes_;
  LimitedLines violations_;
};

}  // namespace sioserve::connection
