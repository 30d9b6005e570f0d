// HTTP/1.x on one connection: requests one after the other, each answered before the next is looked
// at (RFC 9112 section 9).
//
// States: between requests (waiting for a head, also in the middle of one); an exchange is open
// (a handler answers; the body may still be arriving); draining (the answer is complete, the rest
// of the body is dropped so that the connection can be used again); ended (the connection has been
// closed, lingers, or speaks WebSocket).
//
// Reading goes on while a response is pending, so that a client that goes is noticed, but what may
// not be looked at yet is kept, and beyond a limit reading pauses.
//
// A client that ends its side in the middle of a request has gone. Behind a complete one it may
// have shut down its sending side only, or closed the socket: TCP shows the same. So the answer is
// still made and sent, the last one of the connection. That the client has gone then shows when a
// write fails; and where nothing is written for half_close_timeout, the handler is told that it has
// probably gone, but may still answer.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/connection/connection.h"
#include "server/connection/http_deadlines.h"
#include "server/connection/protocol.h"
#include "server/connection/stream_handlers.h"
#include "server/http/http1_response_encoder.h"
#include "server/http/request_parser.h"
#include "server/http/response.h"

namespace sioserve::connection {

class HttpSession final : public Protocol, public Exchange {
 public:
  // `input`: what has arrived already.
  explicit HttpSession(Connection& connection, std::string input = {});

  // Protocol
  void on_read(std::string_view bytes) override;
  void on_end() override;
  void on_drain() override;
  void on_broken() override;
  void begin_stop() override;
  void on_deadline() override;
  void advance() override;
  TimePoint deadline() const override { return deadlines_.earliest(); }

  // Exchange
  const RequestHead& head() const override { return parser_.head(); }
  const SharedEndpoints& endpoints() const override { return connection_.endpoints(); }
  void respond(ResponseHead head, std::string body, BodyPart part) override;
  void send_body(std::string body, BodyPart part) override;
  void send_file(FilePart file, BodyPart part) override;
  void send_trailers(const Headers& trailers) override;
  void send_early_hints(const std::vector<std::string>& links) override;
  void fail() override;
  void abort() override;
  std::size_t buffered() const override;
  void want_body() override;
  void pause_body() override;
  void resume_body() override;
  void respond_within(Milliseconds time) override;

 private:
  using Wait = HttpDeadlines::Wait;

  enum class State { between_requests, exchange, draining, ended };

  void process(std::string_view& input);
  bool may_take_input() const;
  void take(const http::RequestParser::Progress& progress, std::string_view& rest);
  void begin_request(const http::RequestParser::Progress& progress, std::string_view& rest);
  std::unique_ptr<RequestHandler> route();
  void begin_exchange(const http::RequestParser::Progress& progress);
  void begin_websocket(std::string_view& rest);
  void take_body(const http::RequestParser::Progress& progress);
  void settle();
  void take_client_end();
  void update_deadlines();
  bool is_idle() const;
  void end_exchange();
  void refuse(std::uint16_t status, std::string_view reason, Headers headers = {});
  void give_up_head();
  void log_refusal(std::optional<std::uint16_t> status, std::string_view reason) const;
  void end(void (Connection::*how)());
  void begin_response();
  bool must_close() const;
  Context& context() const { return connection_.context(); }

  Connection& connection_;
  http::RequestParser parser_;
  State state_ = State::between_requests;
  std::string kept_;  // input that may not be looked at yet
  HttpDeadlines deadlines_;
  std::size_t requests_ = 0;  // exchanges begun

  // Of the open exchange.
  std::optional<http::Http1ResponseEncoder> encoder_;
  std::optional<http::Response> response_;
  std::unique_ptr<RequestHandler> handler_;
  Count::Ticket load_;  // null: refused, or of a session
  bool request_complete_ = true;
  bool body_wanted_ = false;
  bool body_paused_ = false;
  bool aborted_ = false;
  bool client_end_taken_ = false;

  std::size_t drained_ = 0;
};

}  // namespace sioserve::connection
