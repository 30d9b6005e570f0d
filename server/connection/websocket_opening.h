// How the opening handshake of a WebSocket is answered in one version of HTTP.
#pragma once

#include <optional>

#include "server/base/http_values.h"
#include "server/http/response_encoder.h"
#include "server/http/response_head.h"
#include "server/http/server_headers.h"

namespace sioserve::connection {

class WebSocketOpening {
 public:
  virtual ~WebSocketOpening() = default;

  // Sends the response that accepts the handshake: 101, or 200 over HTTP/2. If a header is invalid,
  // nothing is sent.
  virtual std::optional<http::HeadError> accept(Headers&& headers,
                                                const http::ServerHeaders& own) = 0;
  // For the response that refuses it.
  virtual http::ResponseEncoder& denial() = 0;
};

}  // namespace sioserve::connection
