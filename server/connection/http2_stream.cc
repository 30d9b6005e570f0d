#include "server/connection/http2_stream.h"

#include <algorithm>
#include <utility>

#include "server/connection/http2_websocket_opening.h"
#include "server/connection/start_response.h"
#include "server/http/parse_error.h"
#include "server/http/response.h"
#include "server/ws/handshake.h"

namespace sioserve::connection {
namespace {

// Bytes of a body. Smaller ones do not need a wide window.
constexpr std::size_t widen_after = 32'768;
constexpr std::size_t min_wide_window = 65'535;
constexpr std::size_t max_wide_window = 1'048'576;

}  // namespace

Http2Stream::Http2Stream(Connection& connection, Http2StreamOwner& owner, http2::Engine& engine,
                         http2::StreamId id)
    : Http2ByteStream(connection, engine, id),
      Carrier(connection.context(), static_cast<net::Stream&>(*this), connection.service()),
      owner_(owner),
      engine_(engine),
      encoder_(engine, id) {
  context_.count(Counter::http2_streams);
}

Http2Stream::~Http2Stream() { context_.uncount(Counter::http2_streams); }

// --- Calls of the session ---

void Http2Stream::begin(http2::Request&& request, SharedEndpoints endpoints, BodyPart part) {
  access_.request_begins();
  head_ = std::move(request.head);
  endpoints_ = std::move(endpoints);
  expects_continue_ = request.expects_continue && part == BodyPart::more;
  request_complete_ = part == BodyPart::last;
  ExchangeOwner& owner = *this;
  exchange_.emplace(*this, owner, encoder_, head_, endpoints_);
  exchange_->begin({}, part);
  touch();
}

void Http2Stream::begin_websocket(http2::Request&& request, SharedEndpoints endpoints,
                                  BodyPart part) {
  auto handshake = ws::check_handshake(*request.head);
  if (handshake && part == BodyPart::more) {
    access_.request_begins();
    head_ = std::move(request.head);
    endpoints_ = std::move(endpoints);
    websocket_ = std::make_unique<WebSocketSession>(
        *this, std::make_unique<Http2WebSocketOpening>(encoder_), head_, endpoints_,
        std::move(*handshake), std::string_view());
    return touch();
  }
  const auto error = handshake ? ws::HandshakeError::bad_request : handshake.error();
  Headers headers;
  switch (error) {
    case ws::HandshakeError::bad_request:
      break;
    case ws::HandshakeError::version_unsupported:
      headers = {{"sec-websocket-version", "13"}};
  }
  refuse(std::move(request.head), std::move(endpoints), ws::status_of(error),
         "invalid WebSocket handshake", std::move(headers));
}

void Http2Stream::refuse(SharedRequestHead head, SharedEndpoints endpoints, std::uint16_t status,
                         std::string_view reason, Headers headers) {
  access_.request_begins();
  head_ = std::move(head);
  endpoints_ = std::move(endpoints);
  context_.refusal_reports.refused(endpoints_->client, *head_, status, reason, context_.now());
  http::Response response(encoder_, head_->method);
  ResponseHead answer = plain_head(status);
  for (Header& header : headers) answer.headers.push_back(std::move(header));
  start_response(context_, response, std::move(answer), plain_body(status), BodyPart::last,
                 head_->request_id);
  if (access_.on()) access_.request_ends(head_, endpoints_, response, access_.take_progress());
  touch();
}

void Http2Stream::receive(std::string_view body, BodyPart part) {
  if (websocket_) return receive_for_websocket(body, part);
  // Answered: when the client has the response, the engine tells it to stop. It may send first.
  if (!exchange_) return engine_.consume(id(), body.size());
  if (kept_.empty() && may_deliver()) return deliver(body, part);
  kept_ += body;
  kept_part_ = part;
}

// They are consumed by settle(), unless the WebSocket may not read more.
void Http2Stream::receive_for_websocket(std::string_view bytes, BodyPart part) {
  if (websocket_ended_) return;
  unconsumed_ += bytes.size();
  if (!bytes.empty()) websocket_->on_read(bytes);
  if (part == BodyPart::last) peer_ended_ = true;
  touch();
}

void Http2Stream::settle_websocket() {
  if (websocket_ended_) return;
  websocket_->advance();
  if (reading() && !websocket_ended_ && unconsumed_ > 0)
    engine_.consume(id(), std::exchange(unconsumed_, 0));
}

void Http2Stream::begin_stop() {
  if (websocket_is_open()) websocket_->begin_stop();
  touch();  // a stream of server-sent events is ended by settle()
}

bool Http2Stream::may_deliver() const {
  return !exchange_->body_paused() && (exchange_->body_wanted() || !expects_continue_);
}

void Http2Stream::deliver(std::string_view body, BodyPart part) {
  request_complete_ = part == BodyPart::last;
  exchange_->receive_body(body, part);
  engine_.consume(id(), body.size());
  received_ += body.size();
  if (part == BodyPart::more) widen_window();
  touch();
}

// A small window slows down an upload over a long way, and a large one for each stream would let a
// client fill much memory with bodies that nobody reads.
void Http2Stream::widen_window() {
  if (wide_window_ || received_ < widen_after || exchange_->body_paused()) return;
  wide_window_ = owner_.take_wide_window();
  if (!wide_window_) return;
  const std::size_t window =
      std::clamp(context_.config.receive_window, min_wide_window, max_wide_window);
  engine_.set_window(id(), static_cast<std::uint32_t>(window));
}

void Http2Stream::settle() {
  update_unsent();
  if (websocket_) return settle_websocket();
  if (!exchange_) return;
  if ((!kept_.empty() || kept_part_ == BodyPart::last) && !request_complete_ && may_deliver()) {
    deliver(std::exchange(kept_, {}), kept_part_);
  }
  const http::Response& response = exchange_->response();
  if (exchange_->aborted()) {
    exchange_->end();
    return leave_exchange();
  }
  // The client of server-sent events reconnects.
  if (context_.phase == Phase::stopping && response.is_event_stream()) {
    exchange_->end_event_stream();
  }
  if (!response.complete()) return update_body_wait();
  if (response.incomplete()) reset(http2::ErrorCode::internal_error);
  exchange_->finish();
  leave_exchange();
}

void Http2Stream::update_body_wait() {
  if (!request_complete_ && may_deliver()) {
    exchange_->start_body_wait();
  } else {
    exchange_->stop_body_wait();
  }
}

void Http2Stream::leave_exchange() {
  exchange_.reset();
  kept_.clear();
}

void Http2Stream::refuse_body() {
  if (!exchange_) return;
  const auto error = http::ParseError::body_too_large;
  refuse_exchange(http::status_of(error), http::describe(error), http2::ErrorCode::cancel);
}

void Http2Stream::refuse_exchange(std::uint16_t status, std::string_view reason,
                                  http2::ErrorCode code) {
  const bool cut = exchange_->response().started();
  context_.refusal_reports.refused(endpoints_->client, *head_,
                                   cut ? std::nullopt : std::optional(status), reason,
                                   context_.now());
  exchange_->refuse(status);
  if (cut) reset(code);
  leave_exchange();
  touch();
}

void Http2Stream::on_drain() {
  has_unsent_ = false;
  update_unsent();
  access_.on_drain();
  if (exchange_) exchange_->on_drain();
  if (websocket_is_open()) websocket_->on_drain();
  touch();
}

void Http2Stream::update_unsent() {
  const bool had_unsent = std::exchange(has_unsent_, engine_.unsent(id()));
  if (has_unsent_ && !had_unsent) progress_ = context_.now();
}

// For a client that opens no window for what is unsent.
TimePoint Http2Stream::send_deadline() const {
  if (!has_unsent_) return TimePoint::max();
  TimePoint since = progress_;
  switch (engine_.held_back(id())) {
    case http2::HeldBack::no:
      return TimePoint::max();
    case http2::HeldBack::by_stream:
      break;
    case http2::HeldBack::by_connection:  // perhaps other streams had their turn
      since = std::max(since, engine_.data_sent_at());
      break;
  }
  return deadline_after(since, context_.config.http.send_timeout);
}

void Http2Stream::on_client_end() {
  peer_ended_ = true;
  touch();
  if (!exchange_) return;
  const bool is_complete = request_complete_ || kept_part_ == BodyPart::last;
  if (is_complete && exchange_->on_client_end() == ClientEnd::answer) return;
  exchange_->end();
  reset(http2::ErrorCode::cancel);
  leave_exchange();
}

TimePoint Http2Stream::deadline() const {
  if (websocket_is_open()) return websocket_->deadline();
  const TimePoint send = send_deadline();
  return exchange_ ? std::min(send, exchange_->deadline()) : send;
}

void Http2Stream::on_deadline() {
  if (websocket_is_open()) {
    websocket_->on_deadline();
    return touch();
  }
  if (exchange_) {
    if (const auto expired = exchange_->on_deadline()) {
      return refuse_exchange(expired->status, expired->reason, http2::ErrorCode::cancel);
    }
  }
  if (send_deadline() > context_.now()) return;
  context_.count(Counter::send_timeouts);
  context_.refusal_reports.refused(endpoints_->client, *head_, std::nullopt,
                                   "the client takes nothing of it", context_.now());
  if (exchange_) {
    exchange_->end();
    leave_exchange();
  }
  engine_.cut_stalled(id(), context_.now());
}

void Http2Stream::on_closed(const http2::StreamClosed& event) {
  set_closed(event.unsent);
  if (event.peer_fault && head_ && owner_.admit_violation()) {
    context_.refusal_reports.refused(
        endpoints_->client, *head_, std::nullopt,
        "the client violated the protocol (" + std::string(http2::name_of(event.code)) + ")",
        context_.now());
  }
  abandon();
}

void Http2Stream::abandon() {
  if (websocket_is_open()) websocket_->on_broken();
  if (exchange_) {
    exchange_->end();
    leave_exchange();
  }
  access_.on_closed();
}

// --- Calls of the exchange ---

void Http2Stream::on_body_wanted(HttpExchange& exchange) {
  if (!expects_continue_ || request_complete_) return;
  exchange.send_continue();
  touch();
}

// --- Calls of the WebSocket ---

void Http2Stream::end(ConnectionEnd how, const SharedEndpoints&) {
  websocket_ended_ = true;
  switch (how) {
    case ConnectionEnd::linger:
      if (engine_.response_begun(id())) {
        finish();
        break;
      }
      [[fallthrough]];  // there is nothing that could end
    case ConnectionEnd::close:
      close();
      break;
  }
  touch();
}

}  // namespace sioserve::connection
