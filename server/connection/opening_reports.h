// Log lines about connections that fail before their first request: TLS handshakes and headers of
// the PROXY protocol. Any client can cause them. So of many failures the log gets the first ones,
// then one in a second, and a line with the number of the others when there are few again.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string_view>

#include "server/base/clock.h"
#include "server/base/http_values.h"
#include "server/base/limit_episode.h"
#include "server/base/logger.h"

namespace sioserve::connection {

enum class OpeningFailure : std::size_t { tls, proxy_header };

// Lives on the I/O thread.
class OpeningReports {
 public:
  static constexpr int burst = 20;                    // lines at once
  static constexpr std::chrono::seconds interval{1};  // between two lines then

  // Outlives this object.
  explicit OpeningReports(const Logger& logger) : logger_(logger) {}

  // A connection of this client has failed.
  void failed(OpeningFailure kind, const Address& client, std::string_view reason, TimePoint now);

  // Call it regularly: ends episodes.
  void sweep(TimePoint now);
  // Whether sweep() has nothing to do.
  bool quiet() const;

 private:
  struct Lines {
    TimePoint all_at{};    // when the burst is available again
    LimitEpisode omitted;  // lines
  };

  static bool take(Lines& lines, TimePoint now);

  const Logger& logger_;
  std::array<Lines, 2> lines_;  // of each kind
};

}  // namespace sioserve::connection
