// Log lines for requests that the server refuses and responses that it cuts. Any client can cause
// them, so the log has few of each kind at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/base/clock.h"
#include "server/base/http_values.h"
#include "server/base/logger.h"
#include "server/connection/limited_lines.h"

namespace sioserve::connection {

// Lives on the I/O thread.
class RefusalReports {
 public:
  // Outlives this object.
  explicit RefusalReports(const Logger& logger);

  // `head`: the known parts of the request. No status: the response had started and is cut.
  void refused(const Address& client, const RequestHead& head, std::optional<std::uint16_t> status,
               std::string_view reason, TimePoint now);

  // The lines of this kind, for callers that have words of their own.
  LimitedLines& lines_for(std::optional<std::uint16_t> status);

  // Call it regularly: ends episodes.
  void sweep(TimePoint now);
  // Whether sweep() has nothing to do.
  bool quiet() const { return with_4xx_.quiet() && with_5xx_.quiet() && cut_.quiet(); }

 private:
  LimitedLines with_4xx_;
  LimitedLines with_5xx_;
  LimitedLines cut_;
};

}  // namespace sioserve::connection
