// Reports HTTP/2 connections that are closed because of floods: two log lines for an episode,
// however many clients take part.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "server/base/clock.h"
#include "server/base/counters.h"
#include "server/base/http_values.h"
#include "server/base/limit_episode.h"
#include "server/base/logger.h"
#include "server/http2/flood_guard.h"

namespace sioserve::connection {

// Lives on the I/O thread.
class Http2Reports {
 public:
  // Outlives this object.
  explicit Http2Reports(const Logger& logger) : logger_(logger) {}

  // A connection of this client is closed.
  void flooded(http2::Flood flood, const Address& client, TimePoint now);

  // Call it regularly: ends episodes.
  void sweep(TimePoint now);
  // Whether sweep() has nothing to do.
  bool quiet() const;

 private:
  static constexpr std::size_t count = 3;  // kinds of floods

  const Logger& logger_;
  std::array<LimitEpisode, count> episodes_;
};

}  // namespace sioserve::connection
