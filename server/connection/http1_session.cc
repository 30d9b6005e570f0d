#include "server/connection/http1_session.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "server/connection/http1_websocket_opening.h"
#include "server/connection/incoming_request.h"
#include "server/connection/start_response.h"
#include "server/connection/websocket_session.h"
#include "server/http/parse_error.h"
#include "server/ws/handshake.h"

namespace sioserve::connection {
namespace {

// The largest part of an unwanted body that is read to keep the connection alive.
constexpr std::size_t max_drained = 262'144;

http::ParserLimits parser_limits(const Config& config) {
  http::ParserLimits limits;
  limits.max_request_line = config.http.max_request_line;
  limits.max_header_bytes = config.http.max_header_bytes;
  limits.max_headers = config.http.max_headers;
  limits.max_body = config.http.max_body;
  return limits;
}

BodyPart body_part(const http::RequestParser::Progress& progress) {
  return progress.request_complete ? BodyPart::last : BodyPart::more;
}

http::Http1Version version_of(const http::RequestParser& parser) {
  return parser.is_http_1_0() ? http::Http1Version::http_1_0 : http::Http1Version::http_1_1;
}

}  // namespace

Http1Session::Http1Session(Connection& connection, std::string input)
    : connection_(connection),
      parser_(parser_limits(connection.context().config)),
      kept_(std::move(input)),
      deadlines_(context().config.http, context().timeouts.drain),
      endpoints_(connection.peers()) {
  deadlines_.restart(Wait::first_byte, context().now());
}

// --- Events of the connection ---

void Http1Session::on_read(std::string_view bytes) {
  if (!kept_.empty()) {
    kept_.append(bytes);  // processed by advance(), which follows
    return;
  }
  process(bytes);
  if (state_ != State::ended) kept_.assign(bytes);
}

void Http1Session::on_drain() {
  const TimePoint now = context().now();
  deadlines_.extend(Wait::send, now);
  deadlines_.extend(Wait::keep_alive, now);
  if (exchange_) exchange_->on_drain();
}

void Http1Session::on_broken() {
  end_exchange();
  state_ = State::ended;
}

void Http1Session::begin_stop() {
  if (state_ != State::between_requests) return;  // an event stream is ended by settle()
  if (parser_.within_head()) {
    deadlines_.move_deadline_earlier(Wait::head, context().now() + context().timeouts.late_head);
    return;
  }
  // If the client has received all responses, the connection need not linger.
  const bool delivered = connection_.stream().buffered() == 0;
  end(delivered ? ConnectionEnd::close : ConnectionEnd::linger);
}

TimePoint Http1Session::deadline() const {
  const TimePoint earliest = deadlines_.earliest();
  return exchange_ ? std::min(earliest, exchange_->deadline()) : earliest;
}

void Http1Session::on_deadline() {
  if (state_ == State::ended) return;
  if (exchange_) {
    if (const auto expired = exchange_->on_deadline()) {
      return refuse_exchange(expired->status, expired->reason);
    }
  }
  const auto wait = deadlines_.expired(context().now());
  if (!wait) return;
  switch (*wait) {
    case Wait::first_byte:
      context().count(Counter::first_byte_timeouts);
      end(ConnectionEnd::linger);
      break;
    case Wait::keep_alive:
      context().count(Counter::keep_alive_timeouts);
      end(ConnectionEnd::linger);
      break;
    case Wait::drain:
      end(ConnectionEnd::linger);
      break;
    case Wait::head:
      context().count(Counter::header_timeouts);
      // Empty lines before a request do not count as a request.
      if (!parser_.within_head()) return end(ConnectionEnd::linger);
      refuse(408, "the head took too long");
      break;
    case Wait::send:
      context().count(Counter::send_timeouts);
      context().refusal_reports.refused(endpoints_->client,
                                        exchange_ ? exchange_->head() : *unsent_head_, std::nullopt,
                                        "the client takes nothing of it", context().now());
      end_exchange();
      end(ConnectionEnd::close);
      break;
  }
}

void Http1Session::advance() {
  if (state_ == State::ended) return;
  std::string_view input = kept_;
  process(input);
  if (state_ == State::ended) return;
  if (!kept_.empty()) kept_.erase(0, kept_.size() - input.size());
  if (connection_.peer_ended()) take_client_end();
  if (state_ == State::ended) return;
  update_deadlines();
  if (is_idle()) {
    connection_.set_idle();
  } else {
    connection_.set_busy();
  }
  if (kept_.size() < max_kept) {
    connection_.stream().resume_reading();
  } else {
    connection_.stream().pause_reading();
  }
}

bool Http1Session::is_idle() const {
  return state_ == State::between_requests && requests_ > 0 && !parser_.within_head() &&
         connection_.stream().buffered() == 0;
}

void Http1Session::update_deadlines() {
  if (exchange_) {
    if (may_take_input()) {
      exchange_->start_body_wait();
    } else {
      exchange_->stop_body_wait();
    }
  }
  if (connection_.stream().buffered() > 0) {
    deadlines_.start(Wait::send, context().now());
  } else {
    deadlines_.stop(Wait::send);
  }
}

// The client sends nothing after the bytes in kept_.
void Http1Session::take_client_end() {
  if (exchange_ && request_complete_) {
    if (exchange_->on_client_end() == ClientEnd::answer) return;
  } else if (!kept_.empty()) {
    return;
  }
  // After a part of a response, a graceful close could look like the end of the response.
  const bool cut = exchange_ && exchange_->response().started();
  end_exchange();
  end(cut ? ConnectionEnd::close : ConnectionEnd::linger);
}

// --- Requests ---

void Http1Session::process(std::string_view& input) {
  settle();
  while (state_ != State::ended && !input.empty() && may_take_input()) {
    const auto progress = parser_.feed(input);
    input.remove_prefix(progress.consumed);
    take(progress, input);
    settle();
  }
}

bool Http1Session::may_take_input() const {
  switch (state_) {
    case State::between_requests:
      return connection_.stream().buffered() < context().config.send_window;
    case State::exchange:
      return !request_complete_ && !exchange_->body_paused() &&
             (exchange_->body_wanted() || !parser_.expects_continue());
    case State::draining:
      return true;
    case State::ended:
      return false;
  }
  return false;
}

void Http1Session::take(const Progress& progress, std::string_view& rest) {
  if (state_ == State::between_requests) connection_.access().request_begins();
  if (progress.error) {
    refuse(http::status_of(*progress.error), http::describe(*progress.error));
  } else if (progress.head_complete) {
    begin_request(progress, rest);
  } else if (state_ == State::between_requests) {
    deadlines_.stop(Wait::first_byte);
    deadlines_.stop(Wait::keep_alive);
    // The timeout is for the whole head: further bytes do not extend it.
    deadlines_.start(Wait::head, context().now());
  } else {
    take_body(progress);
  }
}

void Http1Session::begin_request(const Progress& progress, std::string_view& rest) {
  connection_.set_busy();
  endpoints_ =
      prepare_request(context(), connection_.peers(), parser_.mutable_head(),
                      {parser_.has_several_cookie_headers(), parser_.has_names_with_underscores()});
  if (parser_.upgrade_requested() && ws::asks_for_websocket(parser_.head())) {
    begin_websocket(rest);
  } else {
    begin_exchange(progress);
  }
}

void Http1Session::begin_exchange(const Progress& progress) {
  state_ = State::exchange;
  for (const Wait wait : {Wait::first_byte, Wait::head, Wait::keep_alive}) deadlines_.stop(wait);
  ++requests_;
  unsent_head_.reset();
  request_complete_ = progress.request_complete;
  encoder_.emplace(connection_.stream(), context().scratch, version_of(parser_),
                   parser_.keep_alive() ? http::Persistence::keep_alive : http::Persistence::close);
  ExchangeOwner& owner = *this;
  exchange_.emplace(connection_, owner, *encoder_, parser_.take_head(), endpoints_);
  exchange_->begin(progress.body, body_part(progress));
}

void Http1Session::begin_websocket(std::string_view& rest) {
  auto handshake = ws::check_handshake(parser_.head());
  if (handshake && !parser_.has_body()) {
    state_ = State::ended;
    connection_.replace_protocol(std::make_unique<WebSocketSession>(
        connection_, std::make_unique<Http1WebSocketOpening>(connection_), parser_.take_head(),
        endpoints_, std::move(*handshake), rest));
    return;
  }
  const auto error = handshake ? ws::HandshakeError::bad_request : handshake.error();
  Headers headers;
  switch (error) {
    case ws::HandshakeError::bad_request:
      break;
    case ws::HandshakeError::version_unsupported:
      headers = {{"sec-websocket-version", "13"}, {"upgrade", "websocket"}};
  }
  refuse_head(ws::status_of(error), "invalid WebSocket handshake", std::move(headers));
}

void Http1Session::take_body(const Progress& progress) {
  request_complete_ = progress.request_complete;
  if (exchange_) {
    exchange_->receive_body(progress.body, body_part(progress));
  } else {
    drained_ += progress.body.size();
  }
}

// Handles the results of handlers' calls and the completion of requests and responses.
void Http1Session::settle() {
  if (exchange_) settle_exchange();
  if (state_ == State::draining) settle_drain();
}

void Http1Session::settle_exchange() {
  const http::Response& response = exchange_->response();
  if (exchange_->aborted()) {
    end_exchange();
    end(ConnectionEnd::close);
    return;
  }
  // A client of server-sent events stays connected until the server ends the stream, and
  // reconnects.
  if (context().phase == Phase::stopping && response.is_event_stream()) {
    exchange_->end_event_stream();
  }
  if (!response.complete()) return;
  // Closing the connection is the only way to show the client that bytes are missing.
  const bool last = response.incomplete() || encoder_->persistence() == http::Persistence::close;
  exchange_->finish();
  leave_exchange();
  drained_ = 0;
  if (!request_complete_) deadlines_.restart(Wait::drain, context().now());
  if (last) end(ConnectionEnd::linger);
}

void Http1Session::settle_drain() {
  if (context().phase == Phase::stopping || drained_ > max_drained) {
    end(ConnectionEnd::linger);
  } else if (request_complete_) {
    state_ = State::between_requests;
    deadlines_.stop(Wait::drain);
    deadlines_.restart(Wait::keep_alive, context().now());
  }
}

void Http1Session::end_exchange() {
  if (!exchange_) return;
  exchange_->end();
  leave_exchange();
}

// The exchange has ended; only its request may still be incomplete.
void Http1Session::leave_exchange() {
  if (connection_.stream().buffered() > 0) unsent_head_ = exchange_->share_head();
  exchange_.reset();
  state_ = State::draining;
}

// --- The end of the connection ---

// The client's input is invalid or too late: sends an error response, if none has started, and ends
// the connection.
void Http1Session::refuse(std::uint16_t status, std::string_view reason) {
  if (parser_.within_head()) give_up_head();
  switch (state_) {
    case State::between_requests:
      refuse_head(status, reason);
      break;
    case State::exchange:
      refuse_exchange(status, reason);
      break;
    case State::draining:
      end(ConnectionEnd::linger);
      break;
    case State::ended:
      break;
  }
}

void Http1Session::refuse_exchange(std::uint16_t status, std::string_view reason) {
  const bool cut = exchange_->response().started();
  context().refusal_reports.refused(endpoints_->client, exchange_->head(),
                                    cut ? std::nullopt : std::optional(status), reason,
                                    context().now());
  if (!cut) encoder_->close_after_response();
  exchange_->refuse(status);
  leave_exchange();
  end(cut ? ConnectionEnd::close : ConnectionEnd::linger);
}

// For an error in the head, before an exchange exists.
void Http1Session::refuse_head(std::uint16_t status, std::string_view reason, Headers headers) {
  const auto head = parser_.take_head();
  context().refusal_reports.refused(endpoints_->client, *head, status, reason, context().now());
  http::Http1ResponseEncoder encoder(connection_.stream(), context().scratch,
                                     http::Http1Version::http_1_1, http::Persistence::close);
  http::Response response(encoder, head->method);
  ResponseHead answer = plain_head(status);
  for (Header& header : headers) answer.headers.push_back(std::move(header));
  start_response(context(), response, std::move(answer), plain_body(status), BodyPart::last,
                 head->request_id);
  AccessTracker& access = connection_.access();
  if (access.on()) access.request_ends(head, endpoints_, response, access.take_progress());
  end(ConnectionEnd::linger);
}

void Http1Session::give_up_head() {
  parser_.give_up_head();
  parser_.mutable_head().request_id = context().request_ids.next();
  connection_.set_busy();
  endpoints_ = connection_.peers();  // without the addresses from proxy headers
}

void Http1Session::end(ConnectionEnd how) {
  if (state_ == State::ended) return;
  state_ = State::ended;
  connection_.end(how, endpoints_);
}

// Whether the response must contain "Connection: close".
bool Http1Session::must_close() const {
  if (context().phase == Phase::stopping) return true;
  if (connection_.peer_ended() && kept_.empty()) return true;
  if (is_used_up()) return true;
  if (request_complete_) return false;
  return (parser_.expects_continue() && !exchange_->body_wanted()) ||
         parser_.body_left() > max_drained;
}

bool Http1Session::is_used_up() const {
  const std::size_t most = context().config.http.requests_per_connection;
  return most != 0 && requests_ >= most;
}

// --- Calls of the exchange ---

void Http1Session::on_response_start(HttpExchange&) {
  if (is_used_up()) context().count(Counter::connections_used_up);
  if (must_close()) encoder_->close_after_response();
}

void Http1Session::on_body_wanted(HttpExchange& exchange) {
  if (!parser_.expects_continue() || request_complete_) return;
  exchange.send_continue();
  connection_.touch();
}

void Http1Session::cut(HttpExchange&) { connection_.stream().close(); }

std::size_t Http1Session::unsent(const HttpExchange&) const {
  return std::min(encoder_->written(), connection_.stream().buffered());
}

}  // namespace sioserve::connection
