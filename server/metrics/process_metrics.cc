#include "server/metrics/process_metrics.h"

#include <chrono>
#include <string>

namespace sioserve::metrics {
namespace {

constexpr Family report_age{"sioserve_python_report_age_seconds", Kind::gauge,
                            "Time since the Python process has reported. It does so every second; "
                            "more means that something keeps the GIL."};
constexpr Family loop_delay{"sioserve_python_loop_delay_seconds", Kind::histogram,
                            "Time until the event loop of the Python process runs a callback; one "
                            "sample a second."};
constexpr Family gil_wait{"sioserve_python_gil_wait_seconds", Kind::histogram,
                          "Time until a thread of the Python process gets the GIL; one sample a "
                          "second."};
constexpr Family python_memory{"sioserve_python_resident_memory_bytes", Kind::gauge,
                               "Resident memory of the Python process."};
constexpr Family python_cpu{"sioserve_python_cpu_seconds", Kind::counter,
                            "CPU time of the Python process."};
constexpr Family python_gc{"sioserve_python_gc_seconds", Kind::counter,
                           "Time in which Python's garbage collector has run."};
constexpr Family threads_limit{"sioserve_python_threads_limit", Kind::gauge,
                               "Threads for synchronous code (--threads)."};
constexpr Family threads_busy{"sioserve_python_threads_busy", Kind::gauge,
                              "Threads that run a synchronous view or handler."};
constexpr Family threads_borrowed{"sioserve_python_threads_borrowed", Kind::gauge,
                                  "Threads that asynchronous requests keep for synchronous parts."};
constexpr Family threads_queued{"sioserve_python_threads_queued", Kind::gauge,
                                "Calls that wait for a thread."};
constexpr Family threads_wait{"sioserve_python_threads_oldest_wait_seconds", Kind::gauge,
                              "How long the oldest of these calls has waited."};
constexpr Family threads_refused{"sioserve_python_threads_refused", Kind::counter,
                                 "Requests that got 503, because too many waited for a thread "
                                 "(--thread-queue)."};
constexpr Family processes{"sioserve_processes", Kind::gauge,
                           "Python processes of --workers, by their state."};
constexpr Family process_requests{"sioserve_process_requests_in_progress", Kind::gauge,
                                  "Requests that the Python process has not answered."};
constexpr Family process_websockets{"sioserve_process_websockets", Kind::gauge,
                                    "WebSockets of the Python process."};
constexpr Family process_sessions{"sioserve_process_sessions", Kind::gauge,
                                  "Socket.IO sessions of the Python process."};

double seconds(auto duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

ProcessMetrics::Place::Place() : loop_delay(latency_bounds), gil_wait(latency_bounds) {}

void ProcessMetrics::record(std::uint64_t place, const ProcessFigures& figures, TimePoint now) {
  Place& known = places_[place];
  known.latest = figures;
  known.reported = now;
  known.loop_delay.observe(figures.loop_delay);
  known.gil_wait.observe(figures.gil_wait);
}

void ProcessMetrics::write(Exposition& page, std::span<const ProcessStatus> running,
                           TimePoint now) const {
  write_reports(page, now);
  std::uint64_t retiring = 0;
  for (const ProcessStatus& status : running) retiring += status.is_retiring ? 1 : 0;
  page.begin(processes);
  page.sample({{"state", "ready"}}, std::uint64_t{running.size()} - retiring);
  page.sample({{"state", "retiring"}}, retiring);
  const auto write_each = [&](const Family& family, std::uint64_t ProcessStatus::*figure) {
    // While a process is replaced, there are two at its place.
    std::map<std::uint64_t, std::uint64_t> sums;
    for (const ProcessStatus& status : running) sums[status.place] += status.*figure;
    page.begin(family);
    for (const auto& [place, sum] : sums) {
      page.sample({{"process", std::to_string(place)}}, sum);
    }
  };
  write_each(process_requests, &ProcessStatus::requests);
  write_each(process_websockets, &ProcessStatus::websockets);
  write_each(process_sessions, &ProcessStatus::sessions);
}

void ProcessMetrics::write_reports(Exposition& page, TimePoint now) const {
  const auto write_each = [&](const Family& family, auto figure) {
    page.begin(family);
    for (const auto& [place, known] : places_) {
      page.sample({{"process", std::to_string(place)}}, figure(known));
    }
  };
  write_each(report_age, [&](const Place& known) { return seconds(now - known.reported); });
  write_each(loop_delay, [](const Place& known) { return known.loop_delay; });
  write_each(gil_wait, [](const Place& known) { return known.gil_wait; });
  write_each(python_memory, [](const Place& known) { return known.latest.resident_bytes; });
  write_each(python_cpu, [](const Place& known) { return seconds(known.latest.cpu_time); });
  write_each(python_gc, [](const Place& known) { return seconds(known.latest.gc_time); });
  write_each(threads_limit, [](const Place& known) { return known.latest.threads_limit; });
  write_each(threads_busy, [](const Place& known) { return known.latest.threads_busy; });
  write_each(threads_borrowed, [](const Place& known) { return known.latest.threads_borrowed; });
  write_each(threads_queued, [](const Place& known) { return known.latest.threads_queued; });
  write_each(threads_wait,
             [](const Place& known) { return seconds(known.latest.threads_oldest_wait); });
  write_each(threads_refused, [](const Place& known) { return known.latest.threads_refused; });
}

}  // namespace sioserve::metrics
