// One HTTP request and its response, independent of the protocol: on a connection with one exchange
// at a time (HTTP/1), or on a stream of a connection with many exchanges.
//
// It routes the request, applies the limit on concurrent requests, calls the handler and implements
// the handler's calls. It has the state of the response, its own timeouts and the data for the
// access log. It does not handle bytes: the request comes from the owner, the response goes to an
// encoder.
//
// Life cycle: begin(); then calls of the owner (receive_body(), on_drain(), on_client_end(),
// on_deadline()) and of the handler; finally one of finish(), end() and refuse(), after which the
// handler is destroyed and calls do nothing. The owner creates, ends and destroys exchanges, but
// never within a call of the handler: the results of the handler's calls are in response() and
// aborted(), and the carrier advances the owner soon.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/connection/carrier.h"
#include "server/connection/http_deadlines.h"
#include "server/connection/stream_handlers.h"
#include "server/http/response.h"
#include "server/http/response_encoder.h"

namespace sioserve::connection {

class HttpExchange;

// The protocol that carries exchanges.
class ExchangeOwner {
 public:
  // The response's head is written next. The owner may still configure the encoder.
  virtual void on_response_start(HttpExchange& exchange) = 0;
  // The handler asks for the body, for the first time.
  virtual void on_body_wanted(HttpExchange& exchange) = 0;
  // Cuts the exchange's output, so that the client notices it. aborted() is true then.
  virtual void cut(HttpExchange& exchange) = 0;
  // Bytes of the response that the kernel has not taken yet.
  virtual std::size_t unsent(const HttpExchange& exchange) const = 0;

 protected:
  ~ExchangeOwner() = default;
};

// Lives on the I/O thread.
class HttpExchange final : public Exchange {
 public:
  // All references outlive the exchange.
  HttpExchange(Carrier& carrier, ExchangeOwner& owner, http::ResponseEncoder& encoder,
               SharedRequestHead head, SharedEndpoints endpoints);

  // For the owner: events.
  void begin(std::string_view body, BodyPart part);
  void receive_body(std::string_view body, BodyPart part);
  void on_drain();
  // The client shut down its sending side after the complete request. `drop`: end the exchange.
  ClientEnd on_client_end();
  // A status and a reason: refuse the request with them.
  struct Expired {
    std::uint16_t status;
    std::string_view reason;
  };
  std::optional<Expired> on_deadline();
  TimePoint deadline() const { return deadlines_.earliest(); }

  // For the owner: state.
  const http::Response& response() const { return response_; }
  bool body_wanted() const { return body_wanted_; }
  bool body_paused() const { return body_paused_; }
  bool aborted() const { return aborted_; }

  // Starts or stops the timeout for the next part of the body.
  void start_body_wait() { deadlines_.start(ExchangeWait::body, context().now()); }
  void stop_body_wait() { deadlines_.stop(ExchangeWait::body); }
  // Ends a stream of server-sent events.
  void end_event_stream() { response_.send({}, BodyPart::last); }

  // Call one of these once: the response is complete; the exchange ends early; the same, with an
  // error response of the server if none has started.
  void finish();
  void end();
  void refuse(std::uint16_t status);

  // Exchange
  const RequestHead& head() const override { return *head_; }
  SharedRequestHead share_head() const override { return head_; }
  const SharedEndpoints& endpoints() const override { return endpoints_; }
  void respond(ResponseHead&& head, std::string&& body, BodyPart part) override;
  void send_body(std::string body, BodyPart part) override;
  void send_file(FilePart file, BodyPart part) override;
  void send_trailers(const Headers& trailers) override;
  void send_early_hints(const std::vector<std::string>& links) override;
  void fail_with(std::uint16_t status) override;
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
  Context& context() const { return carrier_.context(); }

  Carrier& carrier_;
  ExchangeOwner& owner_;
  const SharedRequestHead head_;
  const SharedEndpoints endpoints_;
  http::Response response_;
  ExchangeDeadlines deadlines_;
  std::unique_ptr<RequestHandler> handler_;
  Count::Ticket load_;        // null: refused, or a request of an Engine.IO session
  RequestProgress progress_;  // for the access log
  bool body_wanted_ = false;
  bool body_paused_ = false;
  bool client_end_taken_ = false;
  bool aborted_ = false;
  bool ended_ = false;
};

}  // namespace sioserve::connection
