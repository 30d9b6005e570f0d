#include "server/connection/http_session.h"

#include <algorithm>
#include <utility>

#include "server/base/field_syntax.h"
#include "server/connection/busy_handlers.h"
#include "server/connection/refusal.h"
#include "server/connection/start_response.h"
#include "server/connection/websocket_session.h"
#include "server/http/forwarded.h"
#include "server/http/parse_error.h"
#include "server/ws/handshake.h"

namespace sioserve::connection {
namespace {

// Input kept while it may not be looked at; beyond it reading pauses.
constexpr std::size_t max_kept = 65'536;
// How much of a body that nobody wants any more is read to save the connection.
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

}  // namespace

HttpSession::HttpSession(Connection& connection, std::string input)
    : connection_(connection),
      parser_(parser_limits(connection.context().config)),
      kept_(std::move(input)),
      deadlines_(context().config.http, context().timeouts.drain) {
  deadlines_.restart(Wait::first_byte, context().now());
}

// --- Events of the connection ---

void HttpSession::on_read(std::string_view bytes) {
  if (!kept_.empty()) {
    kept_.append(bytes);  // advance() follows
    return;
  }
  process(bytes);
  if (state_ != State::ended) kept_.assign(bytes);
}

void HttpSession::on_end() {}  // take_client_end() follows

void HttpSession::on_drain() {
  const TimePoint now = context().now();
  for (const Wait wait : {Wait::send, Wait::half_close, Wait::keep_alive}) {
    deadlines_.extend(wait, now);
  }
  if (handler_) handler_->on_drain();
}

void HttpSession::on_broken() {
  end_exchange();
  state_ = State::ended;
}

void HttpSession::begin_stop() {
  if (state_ != State::between_requests) return;  // settle() ends an event stream
  if (parser_.within_head()) {
    deadlines_.bring_forward(Wait::head, context().now() + context().timeouts.late_head);
    return;
  }
  // With all answers delivered there is nothing that the client would have to be given time for.
  const bool delivered = connection_.stream().buffered() == 0;
  end(delivered ? &Connection::close : &Connection::linger);
}

void HttpSession::on_deadline() {
  const auto wait = deadlines_.expired(context().now());
  if (!wait || state_ == State::ended) return;
  switch (*wait) {
    case Wait::first_byte:
    case Wait::keep_alive:
    case Wait::drain:
      end(&Connection::linger);
      break;
    case Wait::head:
      // Nothing but line ends before a request is no request yet.
      if (!parser_.within_head()) return end(&Connection::linger);
      refuse(408, "the head took too long");
      break;
    case Wait::body:
      refuse(408, "the body came too slowly");
      break;
    case Wait::application:
      handler_->on_timeout();
      refuse(503, "the application took too long");
      break;
    case Wait::send:
      log_refusal(std::nullopt, "the client takes nothing of it");
      end_exchange();
      end(&Connection::close);
      break;
    case Wait::half_close:
      deadlines_.stop(Wait::half_close);
      handler_->on_abandoned();
      break;
  }
}

void HttpSession::advance() {
  if (state_ == State::ended) return;
  std::string_view input = kept_;
  process(input);
  if (state_ == State::ended) return;
  kept_.erase(0, kept_.size() - input.size());
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

bool HttpSession::is_idle() const {
  return state_ == State::between_requests && requests_ > 0 && !parser_.within_head() &&
         connection_.stream().buffered() == 0;
}

// --- Requests ---

void HttpSession::process(std::string_view& input) {
  settle();
  while (state_ != State::ended && !input.empty() && may_take_input()) {
    const auto progress = parser_.feed(input);
    input.remove_prefix(progress.consumed);
    take(progress, input);
    settle();
  }
}

bool HttpSession::may_take_input() const {
  switch (state_) {
    case State::between_requests:
      return connection_.stream().buffered() < context().config.send_window;
    case State::exchange:
      return !request_complete_ && !body_paused_ && (body_wanted_ || !parser_.expects_continue());
    case State::draining:
      return true;
    case State::ended:
      return false;
  }
  return false;
}

void HttpSession::take(const http::RequestParser::Progress& progress, std::string_view& rest) {
  if (state_ == State::between_requests) connection_.access().request_begins();
  if (progress.error) {
    refuse(http::status_of(*progress.error), http::describe(*progress.error));
  } else if (progress.head_complete) {
    begin_request(progress, rest);
  } else if (state_ == State::between_requests) {
    deadlines_.stop(Wait::first_byte);
    deadlines_.stop(Wait::keep_alive);
    // A head that comes in drips does not get more time with each of them.
    deadlines_.start(Wait::head, context().now());
  } else {
    take_body(progress);
  }
}

void HttpSession::begin_request(const http::RequestParser::Progress& progress,
                                std::string_view& rest) {
  const auto given =
      http::request_id_of_proxy(head().headers, *connection_.peers(), context().config.proxy);
  parser_.set_request_id(given ? std::string(*given) : context().request_ids.next());
  connection_.begin_request(parser_.head());
  if (parser_.upgrade_requested() && ws::asks_for_websocket(parser_.head())) {
    begin_websocket(rest);
  } else {
    begin_exchange(progress);
  }
}

void HttpSession::begin_exchange(const http::RequestParser::Progress& progress) {
  state_ = State::exchange;
  for (const Wait wait : {Wait::first_byte, Wait::head, Wait::keep_alive}) deadlines_.stop(wait);
  ++requests_;
  request_complete_ = progress.request_complete;
  body_wanted_ = false;
  body_paused_ = false;
  client_end_taken_ = false;
  begin_response();
  handler_ = route();
  handler_->on_request(progress.body, body_part(progress));
}

std::unique_ptr<RequestHandler> HttpSession::route() {
  Router& router = context().router;
  if (router.continues_session(head())) return router.route(*this);
  load_ = context().load.admit_request(context().now());
  if (!load_) return std::make_unique<BusyRequestHandler>(*this);
  return router.route(*this);
}

void HttpSession::begin_websocket(std::string_view& rest) {
  auto handshake = ws::check_handshake(parser_.head());
  if (handshake && !parser_.has_body()) {
    state_ = State::ended;
    connection_.replace_protocol(std::make_unique<WebSocketSession>(
        connection_, parser_.take_head(), std::move(*handshake), rest));
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
  refuse(ws::status_of(error), "invalid WebSocket handshake", std::move(headers));
}

void HttpSession::take_body(const http::RequestParser::Progress& progress) {
  request_complete_ = progress.request_complete;
  deadlines_.stop(Wait::body);
  if (handler_) {
    deadlines_.extend(Wait::application, context().now());
    if (!progress.body.empty() || request_complete_) {
      handler_->on_body(progress.body, body_part(progress));
    }
    return;
  }
  drained_ += progress.body.size();
}

// Acts on what handlers have called and on what is complete.
void HttpSession::settle() {
  if (state_ == State::exchange) {
    if (aborted_) {
      end_exchange();
      end(&Connection::close);
      return;
    }
    // A client of server-sent events stays as long as it is let, and connects again by itself.
    if (context().phase == Phase::stopping && response_->is_event_stream()) {
      response_->send({}, BodyPart::last);
    }
    if (!response_->complete()) return;
    if (response_->incomplete()) {
      context().logger.log(LogCategory::server, LogLevel::error,
                           "The application's response is shorter than its Content-Length",
                           parser_.head().request_id);
    }
    end_exchange();
    drained_ = 0;
    deadlines_.restart(Wait::drain, context().now());
    // Only the end of the connection tells the client that bytes are missing.
    if (response_->incomplete() || encoder_->persistence() == http::Persistence::close) {
      end(&Connection::linger);
    }
  }
  if (state_ == State::draining) {
    if (context().phase == Phase::stopping || drained_ > max_drained) {
      end(&Connection::linger);
    } else if (request_complete_) {
      state_ = State::between_requests;
      deadlines_.stop(Wait::drain);
      deadlines_.restart(Wait::keep_alive, context().now());
    }
  }
}

// Nothing follows but what is kept.
void HttpSession::take_client_end() {
  if (state_ == State::exchange && request_complete_) {
    if (std::exchange(client_end_taken_, true)) return;
    if (handler_->on_client_end() == ClientEnd::answer) {
      deadlines_.restart(Wait::half_close, context().now());
      return;
    }
  } else if (!kept_.empty()) {
    return;
  }
  // Behind a part of a response, an orderly end would look like the response's.
  const bool cut = state_ == State::exchange && response_->started();
  end_exchange();
  end(cut ? &Connection::close : &Connection::linger);
}

void HttpSession::update_deadlines() {
  const TimePoint now = context().now();
  if (state_ == State::exchange && may_take_input()) {
    deadlines_.start(Wait::body, now);
  } else {
    deadlines_.stop(Wait::body);
  }
  if (connection_.stream().buffered() > 0) {
    deadlines_.start(Wait::send, now);
  } else {
    deadlines_.stop(Wait::send);
  }
}

void HttpSession::end_exchange() {
  if (state_ != State::exchange) return;
  state_ = State::draining;
  for (const Wait wait : {Wait::body, Wait::application, Wait::half_close}) deadlines_.stop(wait);
  const auto handler = std::move(handler_);
  handler->on_closed();
  if (load_ && response_->started()) context().load.request_answered();
  load_.reset();
  if (connection_.access().on()) {
    connection_.access().request_ends(parser_.take_head(), endpoints(), *response_);
  }
}

// The request is unusable: an answer of ours, if one can still be given, and the end.
void HttpSession::refuse(std::uint16_t status, std::string_view reason, Headers headers) {
  if (parser_.within_head()) give_up_head();
  const bool cut = state_ == State::exchange && response_->started();
  const bool answered = state_ == State::draining;
  const std::string method = head().method;
  if (!answered) log_refusal(cut ? std::nullopt : std::optional(status), reason);
  const std::string id = head().request_id;
  end_exchange();
  if (cut || answered) {
    end(cut ? &Connection::close : &Connection::linger);
    return;
  }
  http::Http1ResponseEncoder encoder(connection_.stream(), context().scratch,
                                     http::Http1Version::http_1_1, http::Persistence::close);
  http::Response response(encoder, method);
  ResponseHead answer = plain_head(status);
  for (Header& header : headers) answer.headers.push_back(std::move(header));
  start_response(context(), response, std::move(answer), plain_body(status), BodyPart::last, id);
  if (connection_.access().on()) {
    connection_.access().refused(parser_.take_head(), endpoints(), response);
  }
  end(&Connection::linger);
}

void HttpSession::give_up_head() {
  parser_.give_up_head();
  parser_.set_request_id(context().request_ids.next());
  connection_.begin_request(head());  // without headers: the peer itself
}

void HttpSession::log_refusal(std::optional<std::uint16_t> status, std::string_view reason) const {
  connection::log_refusal(context().logger, endpoints()->client, head(), status, reason);
}

void HttpSession::end(void (Connection::*how)()) {
  if (state_ == State::ended) return;
  state_ = State::ended;
  (connection_.*how)();
}

void HttpSession::begin_response() {
  encoder_.emplace(
      connection_.stream(), context().scratch,
      head().http_version == "1.0" ? http::Http1Version::http_1_0 : http::Http1Version::http_1_1,
      parser_.keep_alive() ? http::Persistence::keep_alive : http::Persistence::close);
  response_.emplace(*encoder_, head().method);
}

// Whether the answer must say that it is the last one.
bool HttpSession::must_close() const {
  if (context().phase == Phase::stopping) return true;
  if (connection_.peer_ended() && kept_.empty()) return true;
  const std::size_t most = context().config.http.requests_per_connection;
  if (most != 0 && requests_ >= most) return true;
  if (request_complete_) return false;
  return (parser_.expects_continue() && !body_wanted_) || parser_.body_left() > max_drained;
}

// --- Calls of the handler ---

void HttpSession::respond(ResponseHead head, std::string body, BodyPart part) {
  if (state_ != State::exchange) return;
  if (must_close()) encoder_->close_behind();
  start_response(context(), *response_, std::move(head), std::move(body), part,
                 parser_.head().request_id);
  connection_.touch();
}

void HttpSession::send_body(std::string body, BodyPart part) {
  if (state_ != State::exchange) return;
  response_->send(std::move(body), part);
  connection_.touch();
}

void HttpSession::send_file(FilePart file, BodyPart part) {
  if (state_ != State::exchange) return;
  response_->send_file(std::move(file), part);
  connection_.touch();
}

void HttpSession::send_trailers(const Headers& trailers) {
  if (state_ != State::exchange) return;
  const bool wanted = std::ranges::any_of(parser_.head().headers, [](const Header& header) {
    return header.name == "te" && list_contains(header.value, "trailers");
  });
  response_->send_trailers(wanted ? trailers : Headers());
  connection_.touch();
}

void HttpSession::send_early_hints(const std::vector<std::string>& links) {
  if (state_ == State::exchange) response_->send_early_hints(links);
}

void HttpSession::fail() {
  if (state_ != State::exchange || response_->complete()) return;
  if (response_->started()) {
    abort();
  } else {
    respond(plain_head(500), plain_body(500), BodyPart::last);
  }
}

void HttpSession::abort() {
  if (state_ != State::exchange) return;
  aborted_ = true;
  connection_.stream().close();
  connection_.touch();
}

std::size_t HttpSession::buffered() const {
  return encoder_ ? std::min(encoder_->written(), connection_.stream().buffered()) : 0;
}

void HttpSession::want_body() {
  if (state_ != State::exchange || body_wanted_) return;
  body_wanted_ = true;
  if (!parser_.expects_continue() || request_complete_) return;
  response_->send_continue();
  connection_.touch();
}

void HttpSession::pause_body() {
  if (!std::exchange(body_paused_, true)) connection_.touch();
}

void HttpSession::resume_body() {
  if (!std::exchange(body_paused_, false)) return;
  connection_.touch();
}

void HttpSession::respond_within(Milliseconds time) {
  deadlines_.set_application_time(time);
  deadlines_.restart(Wait::application, context().now());
}

}  // namespace sioserve::connection
