// One HTTP request and its response, on whatever carries them: a connection that has one at a time
// (HTTP/1), or a stream of a connection that has many.
//
// It routes the request, limits how many there are at a time, holds what the handler is told and
// what it may call, the state of the response, its own deadlines and what the access log needs. It
// knows nothing of bytes: the request comes from the owner, the response goes to an encoder.
//
// Life: begin(); then calls of the owner (receive_body(), on_drain(), on_client_end(),
// on_deadline()) and of the handler; at last one of finish(), end() and refuse(), behind which the
// handler is gone and calls do nothing. The owner makes, ends and destroys exchanges, never within
// a call of the handler: what the handler has done shows in response() and aborted(), and the
// connection calls the owner's advance() soon.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/connection/connection.h"
#include "server/connection/http_deadlines.h"
#include "server/connection/stream_handlers.h"
#include "server/http/response.h"
#include "server/http/response_encoder.h"

namespace sioserve::connection {

class HttpExchange;

// The protocol that carries exchanges.
class ExchangeOwner {
 public:
  // The response's head comes next. May still tell the encoder about the connection.
  virtual void on_response_start(HttpExchange& exchange) = 0;
  // The handler wants the body, for the first time.
  virtual void on_body_wanted(HttpExchange& exchange) = 0;
  // Ends the exchange's output where it is, so that the client notices. aborted() tells the rest.
  virtual void cut(HttpExchange& exchange) = 0;
  // Bytes of the response that the kernel has not taken yet.
  virtual std::size_t unsent(const HttpExchange& exchange) const = 0;

 protected:
  ~ExchangeOwner() = default;
};

// Lives on the I/O thread.
class HttpExchange final : public Exchange {
 public:
  // All that are borrowed outlive the exchange.
  HttpExchange(Connection& connection, ExchangeOwner& owner, http::ResponseEncoder& encoder,
               SharedRequestHead head, SharedEndpoints endpoints);

  // For the owner: what happens.
  void begin(std::string_view body, BodyPart part);
  void receive_body(std::string_view body, BodyPart part);
  void on_drain();
  // The client has ended its side behind the complete request. `drop`: the exchange is to end.
  ClientEnd on_client_end();
  // A status and the reason: the request is to be refused with it.
  struct Expired {
    std::uint16_t status;
    std::string_view reason;
  };
  std::optional<Expired> on_deadline();
  TimePoint deadline() const { return deadlines_.earliest(); }

  // For the owner: what it has to look at.
  const http::Response& response() const { return response_; }
  bool body_wanted() const { return body_wanted_; }
  bool body_paused() const { return body_paused_; }
  bool aborted() const { return aborted_; }

  // The next piece of the body is being waited for, or not.
  void start_body_wait() { deadlines_.start(ExchangeWait::body, context().now()); }
  void stop_body_wait() { deadlines_.stop(ExchangeWait::body); }
  // A stream of server-sent events ends here.
  void end_event_stream() { response_.send({}, BodyPart::last); }

  // Once, one of: the response is complete; what is not there yet will not come; the same, with an
  // answer of the server itself if none has started.
  void finish();
  void end();
  void refuse(std::uint16_t status);

  // Exchange
  const RequestHead& head() const override { return *head_; }
  SharedRequestHead share_head() const override { return head_; }
  const SharedEndpoints& endpoints() const override { return endpoints_; }
  void respond(ResponseHead head, std::string body, BodyPart part) override;
  void send_body(std::string body, BodyPart part) override;
  void send_file(FilePart file, BodyPart part) override;
  void send_trailers(const Headers& trailers) override;
  void send_early_hints(const std::vector<std::string>& links) override;
  void fail() override;
  void abort() override;
  std::size_t buffered() const override { return owner_.unsent(*this); }
  void want_body() override;
  void pause_body() override;
  void resume_body() override;
  void respond_within(Milliseconds time) override;

  // Only for the owner, in on_body_wanted().
  void send_continue() { response_.send_continue(); }

 private:
  std::unique_ptr<RequestHandler> route();
  void close_handler();
  void record_access();
  Context& context() const { return connection_.context(); }

  Connection& connection_;
  ExchangeOwner& owner_;
  const SharedRequestHead head_;
  const SharedEndpoints endpoints_;
  http::Response response_;
  ExchangeDeadlines deadlines_;
  std::unique_ptr<RequestHandler> handler_;
  Count::Ticket load_;  // null: refused, or of a session
  const TimePoint access_begin_;
  bool body_wanted_ = false;
  bool body_paused_ = false;
  bool client_end_taken_ = false;
  bool aborted_ = false;
  bool ended_ = false;
};

}  // namespace sioserve::connection
