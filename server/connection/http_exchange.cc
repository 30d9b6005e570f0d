#include "server/connection/http_exchange.h"

#include <algorithm>
#include <utility>

#include "server/base/field_syntax.h"
#include "server/connection/busy_handlers.h"
#include "server/connection/redirect_handlers.h"
#include "server/connection/start_response.h"

namespace sioserve::connection {
namespace {

bool takes_trailers(const RequestHead& head) {
  return std::ranges::any_of(head.headers, [](const HeaderView& header) {
    return header.name == "te" && list_contains(header.value, "trailers");
  });
}

}  // namespace

HttpExchange::HttpExchange(Carrier& carrier, ExchangeOwner& owner, http::ResponseEncoder& encoder,
                           SharedRequestHead head, SharedEndpoints endpoints)
    : carrier_(carrier),
      owner_(owner),
      head_(std::move(head)),
      endpoints_(std::move(endpoints)),
      response_(encoder, head_->method),
      deadlines_(context().config.http),
      progress_(carrier.access().take_progress()) {}

// --- Calls of the owner ---

void HttpExchange::begin(std::string_view body, BodyPart part) {
  handler_ = route();
  handler_->on_request(body, part);
}

std::unique_ptr<RequestHandler> HttpExchange::route() {
  Router& router = context().router;
  const bool is_redirect = carrier_.service() == Service::redirect;
  if (!is_redirect && router.continues_session(*head_)) return router.route(*this);
  load_ = context().load.admit_request(context().now());
  if (!load_) return std::make_unique<BusyRequestHandler>(*this);
  if (is_redirect) return std::make_unique<RedirectRequestHandler>(*this, context().config.tls);
  return router.route(*this);
}

void HttpExchange::receive_body(std::string_view body, BodyPart part) {
  deadlines_.stop(ExchangeWait::body);
  deadlines_.extend(ExchangeWait::application, context().now());
  if (!body.empty() || part == BodyPart::last) handler_->on_body(body, part);
}

void HttpExchange::on_drain() {
  deadlines_.extend(ExchangeWait::half_close, context().now());
  handler_->on_drain();
}

ClientEnd HttpExchange::on_client_end() {
  if (std::exchange(client_end_taken_, true)) return ClientEnd::answer;
  const ClientEnd decision = handler_->on_client_end();
  if (decision == ClientEnd::answer) {
    deadlines_.restart(ExchangeWait::half_close, context().now());
  }
  return decision;
}

std::optional<HttpExchange::Expired> HttpExchange::on_deadline() {
  const auto wait = deadlines_.expired(context().now());
  if (!wait) return std::nullopt;
  switch (*wait) {
    case ExchangeWait::body:
      context().count(Counter::body_timeouts);
      return Expired{408, "the body came too slowly"};
    case ExchangeWait::application:
      context().count(Counter::application_timeouts);
      handler_->on_timeout();
      return Expired{503, "the application took too long"};
    case ExchangeWait::half_close:
      deadlines_.stop(ExchangeWait::half_close);
      handler_->on_abandoned();
      break;
  }
  return std::nullopt;
}

void HttpExchange::finish() {
  if (response_.incomplete()) {
    context().logger.log(LogCategory::server, LogLevel::error,
                         "The application's response is shorter than its Content-Length",
                         head_->request_id);
  }
  end();
}

void HttpExchange::end() {
  close_handler();
  record_access();
}

void HttpExchange::refuse(std::uint16_t status) {
  close_handler();
  if (!response_.started()) {
    start_response(context(), response_, plain_head(status), plain_body(status), BodyPart::last,
                   head_->request_id);
  }
  record_access();
}

void HttpExchange::close_handler() {
  ended_ = true;
  const auto handler = std::move(handler_);
  progress_.served_by = handler->served_by();
  handler->on_closed();
  if (load_ && response_.started()) context().load.request_answered();
  load_.reset();
}

void HttpExchange::record_access() {
  AccessTracker& access = carrier_.access();
  if (access.on()) access.request_ends(head_, endpoints_, response_, progress_);
}

// --- Calls of the handler ---

void HttpExchange::respond(ResponseHead&& head, std::string&& body, BodyPart part) {
  if (ended_ || response_.started()) return;
  owner_.on_response_start(*this);
  if (endpoints_->tls) add_hsts(context().config.tls, head.headers);
  start_response(context(), response_, std::move(head), std::move(body), part, head_->request_id);
  carrier_.touch();
}

void HttpExchange::send_body(std::string body, BodyPart part) {
  if (ended_) return;
  response_.send(std::move(body), part);
  carrier_.touch();
}

void HttpExchange::send_file(FilePart file, BodyPart part) {
  if (ended_) return;
  response_.send_file(std::move(file), part);
  carrier_.touch();
}

void HttpExchange::send_trailers(const Headers& trailers) {
  if (ended_) return;
  response_.send_trailers(takes_trailers(*head_) ? trailers : Headers());
  carrier_.touch();
}

void HttpExchange::send_early_hints(const std::vector<std::string>& links) {
  if (ended_) return;
  response_.send_early_hints(links);
  carrier_.touch();
}

void HttpExchange::fail_with(std::uint16_t status) {
  if (ended_ || response_.complete()) return;
  if (response_.started()) {
    abort();
  } else {
    respond(plain_head(status), plain_body(status), BodyPart::last);
  }
}

void HttpExchange::abort() {
  if (ended_) return;
  aborted_ = true;
  owner_.cut(*this);
  carrier_.touch();
}

void HttpExchange::want_body() {
  if (ended_ || std::exchange(body_wanted_, true)) return;
  owner_.on_body_wanted(*this);
}

void HttpExchange::pause_body() {
  if (!std::exchange(body_paused_, true)) carrier_.touch();
}

void HttpExchange::resume_body() {
  if (std::exchange(body_paused_, false)) carrier_.touch();
}

void HttpExchange::respond_within(Milliseconds time) {
  deadlines_.set_time(ExchangeWait::application, time);
  deadlines_.restart(ExchangeWait::application, context().now());
}

}  // namespace sioserve::connection
