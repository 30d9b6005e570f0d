#include "server/connection/http_deadlines.h"

#include <algorithm>
#include <initializer_list>

namespace sioserve::connection {
HttpDeadlines::HttpDeadlines(const HttpConfig& config, Milliseconds drain) {
  time_[index(Wait::first_byte)] = config.first_byte_timeout;
  time_[index(Wait::head)] = config.header_timeout;
  time_[index(Wait::body)] = config.body_timeout;
  time_[index(Wait::application)] = Milliseconds(0);
  time_[index(Wait::send)] = config.send_timeout;
  time_[index(Wait::half_close)] = config.half_close_timeout;
  time_[index(Wait::drain)] = drain;
  time_[index(Wait::keep_alive)] = config.keep_alive_timeout;
  until_.fill(TimePoint::max());
}

void HttpDeadlines::set_application_time(Milliseconds time) {
  time_[index(Wait::application)] = time;
}

TimePoint HttpDeadlines::earliest() const { return *std::ranges::min_element(until_); }

std::optional<HttpDeadlines::Wait> HttpDeadlines::expired(TimePoint now) const {
  for (std::size_t i = 0; i < count; ++i) {
    if (until_[i] <= now) return static_cast<Wait>(i);
  }
  return std::nullopt;
}

Milliseconds sweep_interval(const Config& config) {
  constexpr Milliseconds most{1'000};
  constexpr Milliseconds least{50};
  const HttpConfig& http = config.http;
  const WebSocketConfig& websocket = config.websocket;
  Milliseconds shortest = 4 * most;
  for (const Milliseconds time :
       {http.first_byte_timeout, http.header_timeout, http.body_timeout, http.keep_alive_timeout,
        http.send_timeout, http.half_close_timeout, http.application_timeout,
        websocket.ping_interval, websocket.ping_timeout, websocket.connect_timeout,
        websocket.lifetime}) {
    if (time != Milliseconds(0)) shortest = std::min(shortest, time);
  }
  return std::clamp(shortest / 4, least, most);
}

}  // namespace sioserve::connection
