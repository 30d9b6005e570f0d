#include "server/metrics/server_metrics.h"

#include <unistd.h>

#include <chrono>
#include <ctime>
#include <fstream>

namespace sioserve::metrics {
namespace {

constexpr Family connections{"sioserve_connections", Kind::gauge,
                             "Open connections, by whether a request or WebSocket is in progress."};
constexpr Family connections_accepted{"sioserve_connections_accepted", Kind::counter,
                                      "Connections that were accepted."};
constexpr Family requests_in_progress{"sioserve_requests_in_progress", Kind::gauge,
                                      "Requests and WebSockets in progress, as "
                                      "--limit-concurrency counts them."};
constexpr Family events_queued{"sioserve_events_queued", Kind::gauge,
                               "Requests, messages and other events that wait for Python in this "
                               "process."};
constexpr Family commands_queued{"sioserve_commands_queued", Kind::gauge,
                                 "Emits and other commands that wait for the I/O thread."};
constexpr Family redis_lag{"sioserve_redis_lag_seconds", Kind::gauge,
                           "Time that Redis takes to answer a published message: of the latest one "
                           "that was measured, or of one that waits longer."};
constexpr Family own_memory{"process_resident_memory_bytes", Kind::gauge,
                            "Resident memory of the process with the I/O thread."};
constexpr Family own_cpu{"process_cpu_seconds", Kind::counter,
                         "CPU time of the process with the I/O thread."};
constexpr Family io_cpu{"sioserve_io_thread_cpu_seconds", Kind::counter,
                        "CPU time of the I/O thread."};

double resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t size = 0;
  std::uint64_t pages = 0;
  file >> size >> pages;
  return static_cast<double>(pages) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double cpu_seconds(clockid_t clock) {
  std::timespec used{};
  ::clock_gettime(clock, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

}  // namespace

void write_server(Exposition& page, const ServerFigures& figures) {
  page.begin(connections);
  page.sample({{"state", "idle"}}, std::uint64_t{figures.idle_connections});
  page.sample({{"state", "active"}}, std::uint64_t{figures.connections - figures.idle_connections});
  page.begin(connections_accepted);
  page.sample({}, figures.connections_accepted);
  page.begin(requests_in_progress);
  page.sample({}, std::uint64_t{figures.requests_in_progress});
  page.begin(events_queued);
  page.sample({}, std::uint64_t{figures.events_queued});
  page.begin(commands_queued);
  page.sample({}, std::uint64_t{figures.commands_queued});
  page.begin(redis_lag);
  page.sample({}, std::chrono::duration<double>(figures.redis_lag).count());
}

void write_own_process(Exposition& page) {
  page.begin(own_memory);
  page.sample({}, resident_bytes());
  page.begin(own_cpu);
  page.sample({}, cpu_seconds(CLOCK_PROCESS_CPUTIME_ID));
  page.begin(io_cpu);
  page.sample({}, cpu_seconds(CLOCK_THREAD_CPUTIME_ID));
}

}  // namespace sioserve::metrics
