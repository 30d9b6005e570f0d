#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <sstream>
#include <string>

#include "server/metrics/server_metrics.h"
#include "tests/unit/metrics/samples.h"

namespace sioserve::metrics {
namespace {

std::string page(const Counters& counters, const ServerFigures& figures = {}) {
  return page_of([&](Exposition& out) { write_counters(out, counters, figures); });
}

TEST(CounterMetrics, SplitsSessionsByTheirTransport) {
  Counters counters;
  counters.add(Counter::sessions, 5);
  counters.add(Counter::polling_sessions, 2);
  EXPECT_EQ(value_of(page(counters), "sioserve_socketio_sessions{transport=\"polling\"}"), "2");
  EXPECT_EQ(value_of(page(counters), "sioserve_socketio_sessions{transport=\"websocket\"}"), "3");
}

TEST(CounterMetrics, HasEachLimitUnderItsName) {
  Counters counters;
  counters.add(Counter::rooms_refused, 4);
  ServerFigures figures;
  figures.requests_refused = 6;
  const std::string text = page(counters, figures);
  EXPECT_EQ(value_of(text, "sioserve_limit_reached_total{limit=\"rooms_refused\"}"), "4");
  EXPECT_EQ(value_of(text, "sioserve_limit_reached_total{limit=\"concurrency\"}"), "6");
  EXPECT_EQ(value_of(text, "sioserve_limit_reached_total{limit=\"connections\"}"), "0");
}

TEST(CounterMetrics, HasCloseReasonsAndRoundTrips) {
  Counters counters;
  counters.count_close("engineio_timeout");
  counters.count_close("engineio_timeout");
  counters.ping_round_trips().observe(std::chrono::milliseconds(20));
  const std::string text = page(counters);
  EXPECT_EQ(value_of(text, "sioserve_socketio_session_closes_total{reason=\"engineio_timeout\"}"),
            "2");
  EXPECT_EQ(value_of(text, "sioserve_socketio_ping_round_trip_seconds_bucket{le=\"0.025\"}"), "1");
}

TEST(CounterMetrics, ShowsEveryCounterOnce) {
  Counters counters;
  for (std::size_t i = 0; i < counter_count; ++i) counters.add(Counter{i}, 1000 + i);
  std::istringstream lines(page(counters));
  std::multiset<std::string> values;
  for (std::string line; std::getline(lines, line);)
    values.insert(line.substr(line.rfind(' ') + 1));
  for (std::size_t i = 0; i < counter_count; ++i) {
    if (Counter{i} == Counter::sessions) continue;  // the difference to those that poll
    EXPECT_EQ(values.count(std::to_string(1000 + i)), 1U) << name_of(Counter{i});
  }
}

}  // namespace
}  // namespace sioserve::metrics
