// Counts requests and WebSockets, and how long they take. It gets the records of the access log.
// Lives on the I/O thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <unordered_map>

#include "server/base/access_record.h"
#include "server/base/histogram.h"
#include "server/metrics/exposition.h"
#include "server/metrics/label_table.h"

namespace sioserve::metrics {

class RequestMetrics {
 public:
  // More routes, and more combinations of labels, are counted as the route "other".
  static constexpr std::size_t max_routes = 500;
  static constexpr std::size_t max_series = 5'000;

  void record(const AccessRecord& record);
  void write(Exposition& page) const;

 private:
  // What one counter of requests is for.
  struct Series {
    ServedBy served_by;
    std::string_view method;
    std::uint16_t status;
    std::size_t route;     // its number
    Histogram* durations;  // of all requests of the part and the route
    std::uint64_t requests = 0;
  };

  // Of WebSockets that are served by the same part.
  struct WebSockets {
    WebSockets();

    std::uint64_t accepted = 0;
    std::uint64_t refused = 0;
    std::uint64_t closed = 0;
    Histogram durations;
  };

  void record_request(const AccessRecord& record);
  Series& series_of(const AccessRecord& record);
  Histogram& durations_of(ServedBy served_by, std::size_t route);
  WebSockets& websockets_of(const AccessRecord& record);
  void write_requests(Exposition& page) const;
  void write_websockets(Exposition& page) const;

  LabelTable routes_{max_routes};
  std::unordered_map<std::uint64_t, Series> series_;
  std::unordered_map<std::uint64_t, Histogram> durations_;  // by the part and the route
  Histogram wait_ = latency();
  Histogram run_ = latency();
  Histogram send_ = latency();
  std::array<std::uint64_t, served_by_count> response_bytes_{};
  std::uint64_t cut_ = 0;
  std::array<WebSockets, served_by_count> websockets_;
  std::map<std::string_view, std::uint64_t> closes_;  // by the close code

  static Histogram latency();
};

}  // namespace sioserve::metrics
