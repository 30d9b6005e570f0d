// What the server knows of itself when the page is read: connections, queues, limits, and the
// process of the I/O thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "server/base/counters.h"
#include "server/metrics/exposition.h"

namespace sioserve::metrics {

struct ServerFigures {
  std::size_t connections = 0;
  std::size_t idle_connections = 0;  // kept open by clients between two requests
  std::uint64_t connections_accepted = 0;
  std::size_t requests_in_progress = 0;  // and WebSockets
  // Refused by --limit-connections, --limit-connections-per-address and --limit-concurrency.
  std::uint64_t connections_refused = 0;
  std::uint64_t address_connections_refused = 0;
  std::uint64_t requests_refused = 0;
  std::size_t events_queued = 0;    // for the application
  std::size_t commands_queued = 0;  // of the application
  std::chrono::microseconds redis_lag{0};
};

void write_server(Exposition& page, const ServerFigures& figures);
void write_counters(Exposition& page, const Counters& counters, const ServerFigures& figures);
// Of the calling thread and its process.
void write_own_process(Exposition& page);

}  // namespace sioserve::metrics
