// Log lines about connections that fail before their first request: TLS handshakes and headers of
// the PROXY protocol.
#pragma once

#include <string_view>

#include "server/base/clock.h"
#include "server/base/http_values.h"
#include "server/base/logger.h"
#include "server/connection/limited_lines.h"

namespace sioserve::connection {

enum class OpeningFailure { tls, proxy_header };

// Lives on the I/O thread.
class OpeningReports {
 public:
  // Outlives this object.
  explicit OpeningReports(const Logger& logger);

  // A connection of this client has failed.
  void failed(OpeningFailure kind, const Address& client, std::string_view reason, TimePoint now);

  // Call it regularly: ends episodes.
  void sweep(TimePoint now);
  // Whether sweep() has nothing to do.
  bool quiet() const { return tls_.quiet() && proxy_headers_.quiet(); }

 private:
  LimitedLines& lines_of(OpeningFailure kind);

  LimitedLines tls_;
  LimitedLines proxy_headers_;
};

}  // namespace sioserve::connection
