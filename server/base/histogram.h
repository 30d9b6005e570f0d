// Counts durations by their length, in fixed buckets, as Prometheus' histograms do.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace sioserve {

// The time scale of most durations: requests, round trips, and what they wait for.
inline constexpr std::array<std::chrono::microseconds, 16> latency_bounds = {
    {std::chrono::microseconds(500), std::chrono::milliseconds(1), std::chrono::microseconds(2'500),
     std::chrono::milliseconds(5), std::chrono::milliseconds(10), std::chrono::milliseconds(25),
     std::chrono::milliseconds(50), std::chrono::milliseconds(100), std::chrono::milliseconds(250),
     std::chrono::milliseconds(500), std::chrono::seconds(1), std::chrono::milliseconds(2'500),
     std::chrono::seconds(5), std::chrono::seconds(10), std::chrono::seconds(30),
     std::chrono::seconds(60)}};

class Histogram {
 public:
  using Duration = std::chrono::microseconds;

  // The upper bounds of the buckets, ascending; each bucket includes its bound. A last bucket,
  // without a bound, takes longer durations. `bounds` outlives the histogram.
  explicit Histogram(std::span<const Duration> bounds)
      : bounds_(bounds), counts_(bounds.size() + 1) {
    for (std::size_t width = 1; width < first_.size(); ++width) {
      const Duration least{std::int64_t{1} << (width - 1)};
      const auto bucket = std::ranges::lower_bound(bounds_, least);
      first_[width] = static_cast<std::uint8_t>(bucket - bounds_.begin());
    }
  }

  // A negative duration counts as 0.
  void observe(Duration duration) {
    duration = std::max(duration, Duration(0));
    // Bounds grow by about two, so the bucket is at most a few after the first possible one.
    const auto width = std::bit_width(static_cast<std::uint64_t>(duration.count()));
    std::size_t bucket = first_[static_cast<std::size_t>(width)];
    while (bucket < bounds_.size() && bounds_[bucket] < duration) ++bucket;
    ++counts_[bucket];
    sum_ += static_cast<std::uint64_t>(duration.count());
    ++total_;
  }

  std::span<const Duration> bounds() const { return bounds_; }
  // Of each bucket alone, the one without a bound last.
  std::span<const std::uint64_t> counts() const { return counts_; }
  std::uint64_t total() const { return total_; }
  std::uint64_t sum_microseconds() const { return sum_; }

 private:
  std::span<const Duration> bounds_;
  std::vector<std::uint64_t> counts_;
  std::array<std::uint8_t, 64> first_{};  // the bucket of the least duration with this bit width
  std::uint64_t total_ = 0;
  std::uint64_t sum_ = 0;  // microseconds; it may begin again at 0, as any counter
};

}  // namespace sioserve
