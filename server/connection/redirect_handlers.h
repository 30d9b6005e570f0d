// Handlers for the clients of --redirect-https: each request is redirected to HTTPS.
#pragma once

#include <string>
#include <string_view>

#include "server/connection/stream_handlers.h"

namespace sioserve::connection {

class RedirectRequestHandler final : public RequestHandler {
 public:
  // `config` outlives the handler.
  RedirectRequestHandler(Exchange& exchange, const TlsConfig& config)
      : exchange_(exchange), config_(config) {}

  void on_request(std::string_view body, BodyPart part) override;
  void on_body(std::string_view, BodyPart) override {}
  void on_drain() override {}
  void on_closed() override {}

 private:
  Exchange& exchange_;
  const TlsConfig& config_;
};

// Clients of WebSockets do not follow it, but show it.
class RedirectWebSocketHandler final : public WebSocketHandler {
 public:
  RedirectWebSocketHandler(WebSocketChannel& channel, const TlsConfig& config)
      : channel_(channel), config_(config) {}

  void on_upgrade_request() override;
  void on_open() override {}
  void on_message(MessageKind, std::string) override {}
  void on_drain() override {}
  void on_closed(std::uint16_t, std::string_view) override {}

 private:
  WebSocketChannel& channel_;
  const TlsConfig& config_;
};

}  // namespace sioserve::connection
