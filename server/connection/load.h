// The limits of what there may be at a time, and who is within them: connections in all and of one
// client address (--limit-connections, --limit-connections-per-address), requests and WebSockets
// under way (--limit-concurrency).
//
// Whoever is admitted holds a ticket for as long as it counts. What is refused is reported in the
// log by episodes, never one by one. Lives on the I/O thread.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "server/base/clock.h"
#include "server/base/config.h"
#include "server/base/count.h"
#include "server/base/http_values.h"
#include "server/base/limit_episode.h"
#include "server/base/logger.h"

namespace sioserve::connection {

// As many connections as there are descriptors for, with some left for files and databases.
std::size_t connections_for_descriptors(std::size_t descriptors);

class Load {
 public:
  // Both outlive the load.
  Load(const Config& config, const Logger& logger);

  std::function<void()> on_max_requests = [] {};

  bool connections_full() const { return connections_.size() >= max_connections(); }
  // Null: there are too many.
  Count::Ticket admit_connection(TimePoint now);
  // Nothing: this client has too many. The ticket of those that counted_client() leaves out is
  // null.
  std::optional<AddressCounts::Ticket> admit_address(const Endpoints& peers, TimePoint now);
  // For a connection that was refused, while it is told so. Null: there are too many of these, too.
  Count::Ticket turn_away();

  // For as long as a request or WebSocket is under way. Null: there are too many.
  Count::Ticket admit_request(TimePoint now);
  // The same for one that must not be refused.
  Count::Ticket count_request() { return requests_.take(); }

  // One that was admitted has been answered. Calls on_max_requests when it is the last one of
  // --limit-max-requests; others may follow.
  void request_answered();

  // Now and then: ends episodes.
  void sweep(TimePoint now);
  // Whether sweep() has nothing to do.
  bool quiet() const {
    return !too_many_.under_way() && !too_many_of_one_.under_way() && !too_busy_.under_way();
  }

 private:
  std::size_t max_connections() const;
  void warn(std::string line) const;

  const Config& config_;
  const Logger& logger_;
  const std::size_t descriptors_;  // connections that they allow
  Count connections_;
  Count turned_away_;
  AddressCounts addresses_;
  Count requests_;
  std::size_t answered_ = 0;
  LimitEpisode too_many_;
  LimitEpisode too_many_of_one_;
  LimitEpisode too_busy_;
};

}  // namespace sioserve::connection
