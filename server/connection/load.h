// The limits on all connections and on those of one client address (--limit-connections,
// --limit-connections-per-address), and on requests and WebSockets in progress
// (--limit-concurrency).
//
// A connection or request holds a ticket while it counts. Refusals are logged in episodes, not one
// by one. Lives on the I/O thread.
#pragma once

#include <cstddef>
#include <cstdint>
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

// The number of connections that the descriptors allow, with a reserve for files and databases.
std::size_t connections_for_descriptors(std::size_t descriptors);

class Load {
 public:
  // Both outlive the load.
  Load(const Config& config, const Logger& logger);

  std::function<void()> on_max_requests = [] {};

  bool connections_full() const { return connections_.size() >= max_connections(); }
  // Null: the limit is reached.
  Count::Ticket admit_connection(TimePoint now);
  // Nullopt: this client has too many. The ticket is null for clients without a limit (see
  // counted_client()).
  std::optional<AddressCounts::Ticket> admit_address(const Endpoints& peers, TimePoint now);
  // For a refused connection, while its error response is sent. Null: there are too many of these,
  // too.
  Count::Ticket refuse_over_limit();

  // For a request or WebSocket in progress. Null: the limit is reached.
  Count::Ticket admit_request(TimePoint now);
  // The same for a request that must not be refused.
  Count::Ticket count_request() { return requests_.take(); }

  // An admitted request has been answered. Calls on_max_requests when --limit-max-requests is
  // reached; more requests may follow.
  void request_answered();

  // How many were refused, since the start.
  struct Refusals {
    std::uint64_t connections = 0;
    std::uint64_t connections_of_one = 0;  // above the limit of an address
    std::uint64_t requests = 0;
  };
  const Refusals& refusals() const { return refusals_; }
  std::size_t requests_in_progress() const { return requests_.size(); }

  // Call it regularly: ends episodes.
  void sweep(TimePoint now);
  // Whether sweep() has nothing to do.
  bool quiet() const {
    return !too_many_.under_way() && !too_many_of_one_.under_way() && !too_busy_.under_way();
  }

 private:
  std::size_t max_connections() const;
  // Of the line for refused clients. Before a TLS handshake there is no response.
  std::string beginning(std::uint16_t status) const;
  void warn(std::string line) const;

  const Config& config_;
  const Logger& logger_;
  const std::size_t descriptors_;  // the number of connections that they allow
  Count connections_;
  Count turned_away_;
  AddressCounts addresses_;
  Count requests_;
  std::size_t answered_ = 0;
  Refusals refusals_;
  LimitEpisode too_many_;
  LimitEpisode too_many_of_one_;
  LimitEpisode too_busy_;
};

}  // namespace sioserve::connection
