// What every request goes through between its complete head and its handler, in each version of
// HTTP.
#pragma once

#include "server/base/http_values.h"
#include "server/connection/context.h"

namespace sioserve::connection {

// What the parser has noticed, so that ordinary headers need no second look.
struct HeaderOddities {
  bool several_cookies = false;
  bool names_with_underscores = false;
};

// Sets the request id: that of a trusted proxy, or a new one. Joins several Cookie headers, and
// removes headers with underscores as configured. Returns the endpoints of the request, which are
// those behind trusted proxies.
SharedEndpoints prepare_request(Context& context, const SharedEndpoints& peers, RequestHead& head,
                                HeaderOddities oddities);

}  // namespace sioserve::connection
