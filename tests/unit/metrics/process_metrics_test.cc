#include "server/metrics/process_metrics.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/unit/metrics/samples.h"

namespace sioserve::metrics {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimePoint start{seconds(1000)};

ProcessStatus status(std::uint64_t number, std::uint64_t place, bool is_retiring,
                     std::uint64_t requests) {
  ProcessStatus made;
  made.process = number;
  made.place = place;
  made.is_retiring = is_retiring;
  made.requests = requests;
  return made;
}

TEST(ProcessMetrics, ShowsTheLatestReportOfEachPlace) {
  ProcessMetrics metrics;
  metrics.record(2, {.loop_delay = milliseconds(3), .resident_bytes = 5, .threads_busy = 1}, start);
  metrics.record(2,
                 {.loop_delay = milliseconds(4),
                  .cpu_time = milliseconds(1500),
                  .gc_time = milliseconds(250),
                  .resident_bytes = 7},
                 start + seconds(1));
  const std::string page =
      page_of([&](Exposition& out) { metrics.write(out, {}, start + seconds(4)); });
  EXPECT_EQ(value_of(page, "sioserve_python_report_age_seconds{process=\"2\"}"), "3");
  EXPECT_EQ(value_of(page, "sioserve_python_resident_memory_bytes{process=\"2\"}"), "7");
  EXPECT_EQ(value_of(page, "sioserve_python_cpu_seconds_total{process=\"2\"}"), "1.5");
  EXPECT_EQ(value_of(page, "sioserve_python_gc_seconds_total{process=\"2\"}"), "0.25");
  EXPECT_EQ(value_of(page, "sioserve_python_threads_busy{process=\"2\"}"), "0");
  EXPECT_EQ(value_of(page, "sioserve_python_loop_delay_seconds_count{process=\"2\"}"), "2");
  EXPECT_EQ(value_of(page, "sioserve_python_loop_delay_seconds_sum{process=\"2\"}"), "0.007");
}

TEST(ProcessMetrics, AddsUpTheWorkOfProcessesAtTheSamePlace) {
  const std::vector<ProcessStatus> running = {status(1, 1, true, 2), status(2, 2, false, 5),
                                              status(3, 1, false, 1)};
  const std::string page =
      page_of([&](Exposition& out) { ProcessMetrics().write(out, running, start); });
  EXPECT_EQ(value_of(page, "sioserve_processes{state=\"ready\"}"), "2");
  EXPECT_EQ(value_of(page, "sioserve_processes{state=\"retiring\"}"), "1");
  EXPECT_EQ(value_of(page, "sioserve_process_requests_in_progress{process=\"1\"}"), "3");
  EXPECT_EQ(value_of(page, "sioserve_process_requests_in_progress{process=\"2\"}"), "5");
}

}  // namespace
}  // namespace sioserve::metrics
