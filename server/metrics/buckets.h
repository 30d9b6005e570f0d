// The buckets of the histograms of connections that stay.
#pragma once

#include <array>
#include <chrono>

#include "server/base/histogram.h"

namespace sioserve::metrics {

inline constexpr std::array<Histogram::Duration, 9> lifetime_bounds = {
    {std::chrono::seconds(1), std::chrono::seconds(10), std::chrono::minutes(1),
     std::chrono::minutes(5), std::chrono::minutes(15), std::chrono::hours(1),
     std::chrono::hours(4), std::chrono::hours(12), std::chrono::hours(24)}};

}  // namespace sioserve::metrics
