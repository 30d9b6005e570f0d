// The upgrade of HTTP/1.1 (RFC 6455 section 4.2.2).
#pragma once

#include <string>

#include "server/connection/carrier.h"
#include "server/connection/websocket_opening.h"
#include "server/http/http1_response_encoder.h"

namespace sioserve::connection {

class Http1WebSocketOpening final : public WebSocketOpening {
 public:
  // Outlives this object.
  explicit Http1WebSocketOpening(Carrier& carrier)
      : carrier_(carrier),
        denial_(carrier.stream(), carrier.context().scratch, http::Http1Version::http_1_1,
                http::Persistence::close) {}

  std::optional<http::HeadError> accept(Headers&& headers,
                                        const http::ServerHeaders& own) override {
    std::string& out = carrier_.context().scratch;
    out.clear();
    const auto error = http::append_switching_protocols(headers, own, out);
    if (!error) carrier_.stream().write(out);
    return error;
  }
  http::ResponseEncoder& denial() override { return denial_; }

 private:
  Carrier& carrier_;
  http::Http1ResponseEncoder denial_;
};

}  // namespace sioserve::connection
