// HTTP/1.x on one connection: requests one after the other, each answered before the next is looked
// at (RFC 9112 section 9). The session reads requests and decides how long the connection lives;
// what happens to one request is HttpExchange's.
//
// States: between requests (waiting for a head, also in the middle of one); an exchange is open
// (the body may still be arriving); draining (the answer is complete, the rest of the body is
// dropped so that the connection can be used again); ended (the connection has been closed,
// lingers, or speaks WebSocket).
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
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/connection/connection.h"
#include "server/connection/http_deadlines.h"
#include "server/connection/http_exchange.h"
#include "server/connection/protocol.h"
#include "server/http/http1_response_encoder.h"
#include "server/http/request_parser.h"

namespace sioserve::connection {

class Http1Session final : public Protocol, private ExchangeOwner {
 public:
  // `input`: what has arrived already.
  explicit Http1Session(Connection& connection, std::string input = {});

  // Protocol
  void on_read(std::string_view bytes) override;
  void on_end() override {}  // advance() follows
  void on_drain() override;
  void on_broken() override;
  void begin_stop() override;
  void on_deadline() override;
  void advance() override;
  TimePoint deadline() const override;

 private:
  using Wait = ConnectionWait;
  using Progress = http::RequestParser::Progress;

  enum class State { between_requests, exchange, draining, ended };

  // ExchangeOwner
  void on_response_start(HttpExchange& exchange) override;
  void on_body_wanted(HttpExchange& exchange) override;
  void cut(HttpExchange& exchange) override;
  std::size_t unsent(const HttpExchange& exchange) const override;

  void process(std::string_view& input);
  bool may_take_input() const;
  void take(const Progress& progress, std::string_view& rest);
  void begin_request(const Progress& progress, std::string_view& rest);
  void prepare_headers();
  void begin_exchange(const Progress& progress);
  void begin_websocket(std::string_view& rest);
  void take_body(const Progress& progress);
  void settle();
  void settle_exchange();
  void settle_drain();
  void take_client_end();
  void update_deadlines();
  bool is_idle() const;
  void refuse(std::uint16_t status, std::string_view reason);
  void refuse_exchange(std::uint16_t status, std::string_view reason);
  void refuse_head(std::uint16_t status, std::string_view reason, Headers headers = {});
  void give_up_head();
  void end_exchange();
  void leave_exchange();
  void end(ConnectionEnd how);
  bool must_close() const;
  Context& context() const { return connection_.context(); }

  Connection& connection_;
  http::RequestParser parser_;
  State state_ = State::between_requests;
  std::string kept_;  // input that may not be looked at yet
  ConnectionDeadlines deadlines_;
  SharedEndpoints endpoints_;                          // of the latest request
  std::size_t requests_ = 0;                           // exchanges begun
  bool request_complete_ = true;                       // all of the latest one has been read
  std::size_t drained_ = 0;                            // of the body of one that has been answered
  std::optional<http::Http1ResponseEncoder> encoder_;  // of the latest exchange
  std::optional<HttpExchange> exchange_;               // in State::exchange only
  SharedRequestHead unsent_head_;  // of an exchange that has ended with output left to be taken
};

}  // namespace sioserve::connection
