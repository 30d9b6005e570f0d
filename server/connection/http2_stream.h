// One stream of an HTTP/2 connection: a request, with its exchange, or a WebSocket (RFC 8441),
// whose bytes are the stream's DATA.
//
// The body goes to the exchange unless the handler has paused it. Then it is kept here, and not
// consumed, so that the client stops at the end of the stream's window. The response goes through
// the encoder into the stream's queue in the engine.
//
// States: refused (an error response of the server, without an exchange), exchange, answered (the
// response is complete, but not all of it is sent), and WebSocket. The session destroys the stream
// when the engine has closed it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/clock.h"
#include "server/base/count.h"
#include "server/connection/carrier.h"
#include "server/connection/http2_byte_stream.h"
#include "server/connection/http_exchange.h"
#include "server/connection/websocket_session.h"
#include "server/http2/engine.h"
#include "server/http2/response_encoder.h"

namespace sioserve::connection {

class Http2Stream;

// The session.
class Http2StreamOwner {
 public:
  // settle() must be called soon.
  virtual void on_stream_touched(Http2Stream& stream) = 0;
  // For a stream that uploads much. Null: too many streams have one.
  virtual Count::Ticket take_wide_window() = 0;
  // Whether the log may have a line about a violation of the protocol by this client.
  virtual bool admit_violation() = 0;

 protected:
  ~Http2StreamOwner() = default;
};

// Lives on the I/O thread.
class Http2Stream final : private Http2ByteStream, public Carrier, private ExchangeOwner {
 public:
  // All outlive the stream.
  Http2Stream(Connection& connection, Http2StreamOwner& owner, http2::Engine& engine,
              http2::StreamId id);
  ~Http2Stream();

  // --- for the session ---

  // Call one of these first. The request's head has arrived:
  void begin(http2::Request&& request, SharedEndpoints endpoints, BodyPart part);
  // it asks for a WebSocket;
  void begin_websocket(http2::Request&& request, SharedEndpoints endpoints, BodyPart part);
  // it cannot be served.
  void refuse(SharedRequestHead head, SharedEndpoints endpoints, std::uint16_t status,
              std::string_view reason, Headers headers = {});

  void receive(std::string_view body, BodyPart part);
  // The server stops.
  void begin_stop();
  // The body is above the limit.
  void refuse_body();
  void on_drain();
  // After other calls: handles what handlers have done.
  void settle();
  // The connection's client has shut down its sending side.
  void on_client_end();
  void on_deadline();
  TimePoint deadline() const;
  // The engine has closed the stream.
  void on_closed(const http2::StreamClosed& event);
  // The connection is over.
  void abandon();

  http2::StreamId id() const { return Http2ByteStream::id(); }
  bool touched = false;  // in the session's list

  // Carrier
  void touch() override { owner_.on_stream_touched(*this); }
  void end(ConnectionEnd how, const SharedEndpoints& endpoints) override;

 private:
  // ExchangeOwner
  void on_response_start(HttpExchange&) override {}
  void on_body_wanted(HttpExchange& exchange) override;
  void cut(HttpExchange&) override { reset(http2::ErrorCode::internal_error); }
  std::size_t unsent(const HttpExchange&) const override { return buffered(); }

  bool websocket_is_open() const { return websocket_ && !websocket_ended_; }
  bool may_deliver() const;
  void deliver(std::string_view body, BodyPart part);
  void widen_window();
  void receive_for_websocket(std::string_view bytes, BodyPart part);
  void settle_websocket();
  void refuse_exchange(std::uint16_t status, std::string_view reason, http2::ErrorCode code);
  void leave_exchange();
  void update_body_wait();
  void update_unsent();
  TimePoint send_deadline() const;

  Http2StreamOwner& owner_;
  http2::Engine& engine_;
  http2::ResponseEncoder encoder_;
  SharedRequestHead head_;  // null: not begun
  SharedEndpoints endpoints_;
  std::optional<HttpExchange> exchange_;
  std::unique_ptr<WebSocketSession> websocket_;
  std::size_t unconsumed_ = 0;    // bytes that the WebSocket has got
  bool websocket_ended_ = false;  // its last output may still wait for the client
  std::string kept_;              // of the body, which the handler does not want yet
  BodyPart kept_part_ = BodyPart::more;
  bool request_complete_ = false;  // all of it has been delivered
  bool expects_continue_ = false;
  std::size_t received_ = 0;   // bytes of the body
  Count::Ticket wide_window_;  // null: the client may send only a little ahead
  bool has_unsent_ = false;    // bytes of the response, or its end
  TimePoint progress_{};       // when there were none, or the client took something of them
};

}  // namespace sioserve::connection
