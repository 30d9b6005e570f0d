// The limits on sessions: in total (--socketio-max-sessions) and of one client address
// (--socketio-max-sessions-per-address). Lives on the I/O thread.
#pragma once

#include "server/base/config.h"
#include "server/base/count.h"
#include "server/base/http_values.h"
#include "server/base/result.h"
#include "socketio/limits/limits.h"

namespace sioserve::transport {

class SessionQuota {
 public:
  // What a session holds from its handshake until it closes.
  struct Place {
    Count::Ticket one;
    AddressCounts::Ticket of_address;
  };
  enum class Full { server, address };

  // Both outlive this object, which outlives its places.
  SessionQuota(const Config& config, Limits& limits) : config_(config), limits_(limits) {}

  // counted_client() selects the client that `endpoints` counts for.
  Result<Place, Full> take(const Endpoints& endpoints);

 private:
  const Config& config_;
  Limits& limits_;
  Count sessions_;
  AddressCounts addresses_;
};

}  // namespace sioserve::transport
