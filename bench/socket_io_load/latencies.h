// Latencies of an open loop, which are counted from the time when an event was due, not from the
// time when it was sent: a server that falls behind does not delay the next events of the schedule.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace load {

using Clock = std::chrono::steady_clock;

class Latencies {
 public:
  void add(Clock::duration latency) { milliseconds_.push_back(in_milliseconds(latency)); }
  std::size_t size() const { return milliseconds_.size(); }
  // {"50": 0.1, ..., "100": 2.5}: percentiles in milliseconds; all 0 if there are no latencies.
  std::string percentiles();

 private:
  static double in_milliseconds(Clock::duration latency) {
    return std::chrono::duration<double, std::milli>(latency).count();
  }

  std::vector<double> milliseconds_;
};

}  // namespace load
