// Log lines that any client can cause. Of many of them the log gets the first ones, then one in a
// second, and a line with the number of the others when there are few again.
#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "server/base/clock.h"
#include "server/base/limit_episode.h"
#include "server/base/logger.h"

namespace sioserve::connection {

// Lines of one kind. Lives on the I/O thread.
class LimitedLines {
 public:
  static constexpr int burst = 20;                    // lines at once
  static constexpr std::chrono::seconds interval{1};  // between two lines then

  // `name`: what the lines are about, for example "failed TLS handshakes". The logger outlives this
  // object.
  LimitedLines(const Logger& logger, LogLevel level, std::string name)
      : logger_(logger), level_(level), name_(std::move(name)) {}

  // Whether the log may have another line now; call it before each one.
  [[nodiscard]] bool admit(TimePoint now);
  // `request_id`: of the request that the line is about; empty: none.
  void log(std::string line, std::string request_id = {}) const;

  // Call it regularly: ends episodes.
  void sweep(TimePoint now);
  // Whether sweep() has nothing to do.
  bool quiet() const { return !omitted_.under_way(); }

 private:
  bool take(TimePoint now);

  const Logger& logger_;
  const LogLevel level_;
  const std::string name_;
  TimePoint all_at_{};    // when the burst is available again
  LimitEpisode omitted_;  // lines
};

}  // namespace sioserve::connection
