// What the Python processes report of themselves every second, by their places: a process that
// replaces another one has the same place. Lives on the I/O thread.
#pragma once

#include <cstdint>
#include <map>
#include <span>

#include "server/base/clock.h"
#include "server/base/histogram.h"
#include "server/metrics/exposition.h"
#include "server/port/process_messages.h"

namespace sioserve::metrics {

class ProcessMetrics {
 public:
  void record(std::uint64_t place, const ProcessFigures& figures, TimePoint now);
  // `running`: those of --workers; empty where the application runs in the server's process.
  void write(Exposition& page, std::span<const ProcessStatus> running, TimePoint now) const;

 private:
  struct Place {
    Place();

    ProcessFigures latest;
    TimePoint reported;
    Histogram loop_delay;
    Histogram gil_wait;
  };

  void write_reports(Exposition& page, TimePoint now) const;

  std::map<std::uint64_t, Place> places_;
};

}  // namespace sioserve::metrics
