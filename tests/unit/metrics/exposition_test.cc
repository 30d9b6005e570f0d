#include "server/metrics/exposition.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <string>
#include <utility>

namespace sioserve::metrics {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::array<Histogram::Duration, 2> bounds = {{microseconds(500), seconds(1)}};

TEST(Exposition, WritesACounterInBothFormats) {
  constexpr Family family{"x_sent_bytes", Kind::counter, "Bytes \"sent\"."};
  const auto page = [&](Format format) {
    Exposition text(format);
    text.begin(family);
    text.sample({}, std::uint64_t{7});
    text.sample({{"to", "all"}, {"by", "me"}}, 0.25);
    return std::move(text).finish();
  };
  EXPECT_EQ(page(Format::prometheus),
            "# HELP x_sent_bytes_total Bytes \"sent\".\n"
            "# TYPE x_sent_bytes_total counter\n"
            "x_sent_bytes_total 7\n"
            "x_sent_bytes_total{to=\"all\",by=\"me\"} 0.25\n");
  EXPECT_EQ(page(Format::open_metrics),
            "# HELP x_sent_bytes Bytes \\\"sent\\\".\n"
            "# TYPE x_sent_bytes counter\n"
            "# UNIT x_sent_bytes bytes\n"
            "x_sent_bytes_total 7\n"
            "x_sent_bytes_total{to=\"all\",by=\"me\"} 0.25\n"
            "# EOF\n");
}

TEST(Exposition, WritesAHistogramInBothFormats) {
  Histogram histogram(bounds);
  for (const auto duration : {microseconds(500), microseconds(501), microseconds(2'000'000)}) {
    histogram.observe(duration);
  }
  const auto page = [&](Format format) {
    Exposition text(format);
    text.begin({"wait_seconds", Kind::histogram, "Waits."});
    text.sample({{"of", "x"}}, histogram);
    return std::move(text).finish();
  };
  EXPECT_EQ(page(Format::prometheus),
            "# HELP wait_seconds Waits.\n"
            "# TYPE wait_seconds histogram\n"
            "wait_seconds_bucket{of=\"x\",le=\"0.0005\"} 1\n"
            "wait_seconds_bucket{of=\"x\",le=\"1\"} 2\n"
            "wait_seconds_bucket{of=\"x\",le=\"+Inf\"} 3\n"
            "wait_seconds_sum{of=\"x\"} 2.001001\n"
            "wait_seconds_count{of=\"x\"} 3\n");
  EXPECT_NE(page(Format::open_metrics).find("le=\"1.0\"} 2\n"), std::string::npos);
}

TEST(Exposition, EscapesTheValuesOfLabels) {
  Exposition text(Format::prometheus);
  text.begin({"x", Kind::gauge, "line\nbreak \\ slash"});
  text.sample({{"a", "quote \" slash \\ line\nbreak"}}, std::uint64_t{1});
  text.sample({{"a", "d\xc3\xa9j\xc3\xa0"}}, std::uint64_t{2});
  text.sample({{"a", "not UTF-8: \xff\xc3"}}, std::uint64_t{3});
  EXPECT_EQ(std::move(text).finish(),
            "# HELP x line break \\\\ slash\n"
            "# TYPE x gauge\n"
            "x{a=\"quote \\\" slash \\\\ line\\nbreak\"} 1\n"
            "x{a=\"d\xc3\xa9j\xc3\xa0\"} 2\n"
            "x{a=\"not UTF-8: ??\"} 3\n");
}

TEST(Exposition, ANegativeDurationCountsAsZero) {
  Histogram histogram(bounds);
  histogram.observe(microseconds(-5));
  EXPECT_EQ(histogram.counts()[0], 1U);
  EXPECT_EQ(histogram.sum_microseconds(), 0U);
}

TEST(ExpositionFormat, IsWhatTheClientPrefers) {
  const auto is_open_metrics = [](std::string_view accept) {
    return choose_format(accept) == Format::open_metrics;
  };
  EXPECT_FALSE(is_open_metrics(""));
  EXPECT_FALSE(is_open_metrics("*/*"));
  EXPECT_FALSE(is_open_metrics("text/plain;version=0.0.4"));
  EXPECT_TRUE(is_open_metrics("application/openmetrics-text"));
  EXPECT_TRUE(is_open_metrics("Application/OpenMetrics-Text; version=1.0.0"));
  // As Prometheus asks.
  EXPECT_TRUE(is_open_metrics(
      "application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.5,"
      "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"));
  EXPECT_FALSE(is_open_metrics("application/openmetrics-text;q=0.2, text/plain;q=0.25"));
  EXPECT_FALSE(is_open_metrics("application/openmetrics-text;q=0"));
  EXPECT_FALSE(is_open_metrics("application/openmetrics-text;q=nonsense"));
}

}  // namespace
}  // namespace sioserve::metrics
