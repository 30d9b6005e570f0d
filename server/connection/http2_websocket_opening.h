// The extended CONNECT of HTTP/2 (RFC 8441 section 5).
#pragma once

#include <utility>

#include "server/connection/websocket_opening.h"
#include "server/http2/response_encoder.h"

namespace sioserve::connection {

class Http2WebSocketOpening final : public WebSocketOpening {
 public:
  // Outlives this object.
  explicit Http2WebSocketOpening(http2::ResponseEncoder& encoder) : encoder_(encoder) {}

  std::optional<http::HeadError> accept(Headers&& headers,
                                        const http::ServerHeaders& own) override {
    const ResponseHead head{200, std::move(headers)};
    const auto facts = http::check_head(head);
    if (!facts) return facts.error();
    encoder_.start({head, *facts, http::ResponseEncoder::Body::open, {}, own}, {}, BodyPart::more);
    return std::nullopt;
  }
  http::ResponseEncoder& denial() override { return encoder_; }

 private:
  http2::ResponseEncoder& encoder_;
};

}  // namespace sioserve::connection
