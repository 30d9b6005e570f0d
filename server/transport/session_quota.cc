#include "server/transport/session_quota.h"

#include <utility>

#include "server/base/counted_client.h"

namespace sioserve::transport {

Result<SessionQuota::Place, SessionQuota::Full> SessionQuota::take(const Endpoints& endpoints) {
  const std::size_t most = config_.engine_io.max_sessions;
  const std::size_t most_of_one = config_.engine_io.max_sessions_per_address;
  if (most != 0 && sessions_.size() >= most) {
    limits_.reached(Limit::sessions, "a client at " + endpoints.client.host);
    return Failure{Full::server};
  }
  Place place{sessions_.take(), nullptr};
  if (most_of_one == 0) return place;
  const auto client = counted_client(endpoints, config_.proxy.trusted);
  if (!client) return place;
  if (addresses_.size(*client) >= most_of_one) {
    limits_.reached(Limit::sessions_per_address, *client);
    return Failure{Full::address};
  }
  place.of_address = addresses_.take(*client);
  return place;
}

}  // namespace sioserve::transport
