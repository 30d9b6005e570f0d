// Handlers for requests above --limit-concurrency: 503 with Retry-After, without the application.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/connection/start_response.h"
#include "server/connection/stream_handlers.h"

namespace sioserve::connection {

class BusyRequestHandler final : public RequestHandler {
 public:
  explicit BusyRequestHandler(Exchange& exchange) : exchange_(exchange) {}

  void on_request(std::string_view, BodyPart) override {
    exchange_.respond(busy_head(503), plain_body(503), BodyPart::last);
  }
  void on_body(std::string_view, BodyPart) override {}
  void on_drain() override {}
  void on_closed() override {}

 private:
  Exchange& exchange_;
};

class BusyWebSocketHandler final : public WebSocketHandler {
 public:
  explicit BusyWebSocketHandler(WebSocketChannel& channel) : channel_(channel) {}

  void on_upgrade_request() override {
    channel_.deny(busy_head(503), plain_body(503), BodyPart::last);
  }
  void on_open() override {}
  void on_message(MessageKind, std::string) override {}
  void on_drain() override {}
  void on_closed(std::uint16_t, std::string_view) override {}

 private:
  WebSocketChannel& channel_;
};

}  // namespace sioserve::connection
