#include "bench/socket_io_load/latencies.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace load {
namespace {

constexpr double percents[] = {10, 25, 50, 75, 90, 95, 99, 99.9, 100};

}  // namespace

std::string Latencies::percentiles() {
  std::sort(milliseconds_.begin(), milliseconds_.end());
  std::string out = "{";
  for (const double percent : percents) {
    double value = 0;
    if (!milliseconds_.empty()) {
      // The nearest rank: the smallest value that is not below this share of all.
      const double rank = std::ceil(percent / 100 * static_cast<double>(milliseconds_.size()));
      value = milliseconds_[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
    }
    char text[64];
    std::snprintf(text, sizeof text, "%s\"%g\": %.4f", out.size() > 1 ? ", " : "", percent, value);
    out += text;
  }
  return out + "}";
}

}  // namespace load
