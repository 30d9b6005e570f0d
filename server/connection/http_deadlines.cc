#include "server/connection/http_deadlines.h"

#include <algorithm>
#include <initializer_list>

namespace sioserve::connection {

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
