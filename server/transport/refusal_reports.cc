#include "server/transport/refusal_reports.h"

#include <chrono>
#include <utility>

#include "server/port/messages.h"

namespace sioserve::transport {

void RefusalReports::report(const RequestHead& head, const Endpoints& endpoints, RequestError error,
                            const std::string& message, TimePoint now) {
  if (!watched_) return;
  if (now - second_ >= std::chrono::seconds(1)) {
    second_ = now;
    reported_ = 0;
  }
  if (reported_ == most_per_second) {
    ++omitted_;
    return;
  }
  ++reported_;
  events_.push(RequestRefused{head, endpoints, code_of(error), message_of(error, message),
                              std::exchange(omitted_, 0)});
}

}  // namespace sioserve::transport
