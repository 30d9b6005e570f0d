// HTTP/1.x on one connection: requests are processed one after the other; the next one is parsed
// when the previous response is complete (RFC 9112 section 9). The session reads requests and
// decides how long the connection lives; HttpExchange handles one request.
//
// States: between requests (waiting for a head, or in the middle of one); an exchange is open (the
// body may still be arriving); draining (the response is complete; the rest of the body is dropped,
// so that the connection can be used again); ended (the connection has been closed, lingers, or
// uses WebSocket).
//
// The socket is read while a response is pending, so that a disconnect is noticed. Bytes that may
// not be processed yet are kept; above a limit, reading pauses.
//
// If a client shuts down its sending side in the middle of a request, that is a disconnect. After a
// complete request it may have shut down only its sending side, or closed the socket: with TCP both
// look the same. So the response is still sent, as the last one of the connection. If the client
// has closed the socket, a write fails. If nothing is written for half_close_timeout, the handler
// is told that the client has probably disconnected, but it may still respond.
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
  // `input`: bytes that have already arrived.
  explicit Http1Session(Connection& connection, std::string input = {});

  // Protocol
  void on_read(std::string_view bytes) override;
  void on_end() override {}  // followed by advance()
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
  bool is_used_up() const;
  Context& context() const { return connection_.context(); }

  Connection& connection_;
  http::RequestParser parser_;
  State state_ = State::between_requests;
  std::string kept_;  // input that may not be processed yet
  ConnectionDeadlines deadlines_;
  SharedEndpoints endpoints_;     // of the latest request
  std::size_t requests_ = 0;      // exchanges begun
  bool request_complete_ = true;  // all of the latest one has been read
  std::size_t drained_ = 0;       // bytes of the body after the response was complete
  std::optional<http::Http1ResponseEncoder> encoder_;  // of the latest exchange
  std::optional<HttpExchange> exchange_;               // in State::exchange only
  SharedRequestHead unsent_head_;  // of an ended exchange whose output is not completely sent
};

}  // namespace sioserve::connection
