// Tells the application which requests were refused, if it wants to know (WatchRefusals). Anybody
// can make the server refuse requests, so a limited number per second is reported.
#pragma once

#include <cstdint>
#include <string>

#include "server/base/clock.h"
#include "server/base/http_values.h"
#include "server/port/event_sink.h"
#include "server/transport/admission.h"

namespace sioserve::transport {

// Lives on the I/O thread.
class RefusalReports {
 public:
  static constexpr std::uint64_t most_per_second = 100;

  explicit RefusalReports(EventSink& events) : events_(events) {}

  void watch() { watched_ = true; }
  // An empty message: that of the error.
  void report(const RequestHead& head, const Endpoints& endpoints, RequestError error,
              const std::string& message, TimePoint now);

 private:
  EventSink& events_;
  bool watched_ = false;
  TimePoint second_{};          // when the current second began
  std::uint64_t reported_ = 0;  // in this second
  std::uint64_t omitted_ = 0;   // since the last report
};

}  // namespace sioserve::transport
