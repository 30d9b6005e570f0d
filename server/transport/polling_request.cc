#include "server/transport/polling_request.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "server/base/field_syntax.h"
#include "server/transport/engine_io.h"
#include "server/transport/session_cookie.h"
#include "server/transport/vary.h"

namespace sioserve::transport {
namespace {

using connection::BodyPart;
using engine::HttpOutcome;

ResponseHead ok(std::string_view content_type) {
  return {200, {{"content-type", std::string(content_type)}, {"cache-control", "no-store"}}};
}

// The limit for one call of zlib, in bytes.
constexpr std::size_t max_compressed = 1 << 30;

constexpr std::string_view text_type = "text/plain; charset=UTF-8";
constexpr std::string_view binary_type = "application/octet-stream";

constexpr std::string_view script_type = "text/javascript; charset=UTF-8";

std::string_view type_of(MessageKind kind) {
  switch (kind) {
    case MessageKind::text:
      return text_type;
    case MessageKind::binary:
      return binary_type;
  }
  __builtin_unreachable();
}

ResponseHead head_of(const engine::Payload& payload) {
  switch (payload.wrapping) {
    case engine::Wrapping::none:
      return ok(type_of(payload.kind));
    case engine::Wrapping::script:
      break;
  }
  ResponseHead head = ok(script_type);
  head.headers.push_back({"x-content-type-options", "nosniff"});
  return head;
}

MessageKind kind_of_body(const RequestHead& head) {
  const auto type = find_header(head.headers, "content-type");
  const bool is_binary =
      type && equals_ignoring_case(trim(type->substr(0, type->find(';'))), binary_type);
  return is_binary ? MessageKind::binary : MessageKind::text;
}

}  // namespace

PollingRequest::PollingRequest(EngineIo& engine_io, connection::Exchange& exchange,
                               std::optional<StreamId> adopted)
    : engine_io_(engine_io), exchange_(exchange), adopted_(adopted) {}

PollingRequest::~PollingRequest() {
  if (compression_) compression_->forget();
}

void PollingRequest::on_request(std::string_view body, BodyPart part) {
  if (is_preflight()) {
    question_ =
        engine_io_.question_origin(exchange_.head(), exchange_.endpoints(), adopted_, *this);
    if (!question_) respond_to_preflight();
    return;
  }
  const auto admitted = engine_io_.admit(exchange_.head(), Carrier::http, adopted_);
  if (!admitted) return refuse(admitted.error());
  if (!*admitted) {
    question_ =
        engine_io_.question_origin(exchange_.head(), exchange_.endpoints(), adopted_, *this);
    if (!question_) ask_about_request();
    return;
  }
  session_ = *admitted;
  headers_ = engine_io_.headers_of(*session_);
  if (exchange_.head().method == "POST") return start_post(body, part);
  role_ = Role::poll;
  session_->start_poll(*this);
}

void PollingRequest::on_body(std::string_view body, BodyPart part) {
  if (session_ && role_ == Role::post) append_body(body, part);
}

void PollingRequest::on_closed() {
  if (session_) {
    engine::Session& session = *std::exchange(session_, nullptr);
    switch (role_) {
      case Role::none:
        break;
      case Role::poll:
        session.abort_poll(*this);
        break;
      case Role::post:
        session.abort_post(*this);
        break;
    }
  }
  if (question_) engine_io_.withdraw(*std::exchange(question_, std::nullopt));
  if (compression_) compression_->forget();
  if (adopted_) engine_io_.abandon(*adopted_);
}

bool PollingRequest::is_preflight() const {
  return engine_io_.cors().is_on() && exchange_.head().method == "OPTIONS";
}

void PollingRequest::respond_to_preflight() {
  exchange_.respond(engine_io_.cors().preflight(exchange_.head()), {}, BodyPart::last);
}

void PollingRequest::ask_about_request() {
  question_ = engine_io_.question(exchange_.head(), exchange_.endpoints(), adopted_, *this);
}

void PollingRequest::on_origin_decided(OriginDecision decision) {
  question_.reset();
  engine_io_.decide_origin(exchange_.head(), decision);
  if (is_preflight()) return respond_to_preflight();
  if (!engine_io_.may_come_from_origin(exchange_.head(), adopted_)) {
    return refuse(RequestError::forbidden);
  }
  ask_about_request();
}

void PollingRequest::on_allowed(Headers headers, Headers session_headers) {
  question_.reset();
  if (const auto error = check_version(exchange_.head(), engine_io_.config()))
    return refuse(*error);
  open_session(std::move(headers), std::move(session_headers));
}

void PollingRequest::on_refused(RequestError error, const std::string& message) {
  question_.reset();
  if (is_preflight()) return respond_to_preflight();
  refuse(error, message);
}

void PollingRequest::respond(ResponseHead head, std::string body) {
  engine_io_.cors().add_headers(exchange_.head(), head.headers);
  if (headers_) std::ranges::copy(*headers_, std::back_inserter(head.headers));
  exchange_.respond(std::move(head), std::move(body), BodyPart::last);
}

void PollingRequest::refuse(RequestError error, const std::string& message) {
  engine_io_.refused(exchange_.head(), *exchange_.endpoints(), error, message);
  respond(error_head(error), error_body(error, message));
}

void PollingRequest::respond_bad_request() {
  respond(error_head(RequestError::bad_request), error_body(RequestError::bad_request));
}

void PollingRequest::open_session(Headers headers, Headers session_headers) {
  auto place = engine_io_.reserve_place(*exchange_.endpoints());
  if (!place) return refuse(place.error());
  const engine::Session& session =
      engine_io_.open_session(engine_io_.make_sid(), exchange_.share_head(), exchange_.endpoints(),
                              adopted_, std::move(*place), std::move(session_headers));
  adopted_.reset();
  headers_ = engine_io_.headers_of(session);
  engine::Payload payload = session.open_payload();
  ResponseHead head = head_of(payload);
  std::ranges::move(headers, std::back_inserter(head.headers));
  add_session_cookie(engine_io_.config().engine_io, session.sid(), head.headers);
  respond(std::move(head), std::move(payload.bytes));
}

void PollingRequest::start_post(std::string_view body, BodyPart part) {
  role_ = Role::post;
  if (!session_->start_post(*this)) return;
  if (!session_->takes_body(kind_of_body(exchange_.head()))) return session_->refuse_post(*this);
  if (announces_too_much()) return refuse_too_large();
  if (part == BodyPart::more) exchange_.want_body();
  append_body(body, part);
}

void PollingRequest::append_body(std::string_view body, BodyPart part) {
  if (body.size() > engine_io_.config().engine_io.max_payload - body_.size()) {
    return refuse_too_large();
  }
  body_ += body;
  if (part == BodyPart::last) {
    session_->receive_post(*this, kind_of_body(exchange_.head()), std::move(body_));
  }
}

bool PollingRequest::announces_too_much() const {
  const auto length = find_header(exchange_.head().headers, "content-length");
  if (!length) return false;
  std::size_t bytes = 0;
  const auto parsed = std::from_chars(length->data(), length->data() + length->size(), bytes);
  return parsed.ec == std::errc::result_out_of_range ||
         bytes > engine_io_.config().engine_io.max_payload;
}

void PollingRequest::refuse_too_large() {
  const auto number = std::uint64_t(session_->id());
  engine_io_.limits().reached(Limit::payload, "session " + std::to_string(number));
  std::exchange(session_, nullptr)->release_post(*this);
  body_ = {};
  respond({413, {{"cache-control", "no-store"}}}, {});
}

void PollingRequest::send_payload(engine::Payload payload) {
  const EngineIoConfig& config = engine_io_.config().engine_io;
  ResponseHead head = head_of(payload);
  const bool eligible = config.http_compression && payload.compression == Compression::allowed &&
                        payload.bytes.size() >= config.compression_threshold &&
                        payload.bytes.size() <= max_compressed;
  if (eligible) add_vary(head.headers, "Accept-Encoding");
  const auto coding = eligible ? choose_coding(exchange_.head().headers) : std::nullopt;
  if (!coding) return respond(std::move(head), std::move(payload.bytes));
  using Outcome = PayloadCompression::Outcome;
  compression_ = PayloadCompression::start(
      std::move(payload.bytes), *coding,
      [this, head = std::move(head), name = name_of(*coding)](Outcome outcome, std::string body) {
        ResponseHead answer = head;
        if (outcome == Outcome::compressed) answer.headers.push_back({"content-encoding", name});
        respond(std::move(answer), std::move(body));
      },
      engine_io_.background());
}

void PollingRequest::finish_poll(HttpOutcome outcome, engine::Payload payload) {
  session_ = nullptr;
  switch (outcome) {
    case HttpOutcome::ok:
      return send_payload(std::move(payload));
    case HttpOutcome::bad_request:
      return respond_bad_request();
  }
}

void PollingRequest::finish_post(HttpOutcome outcome) {
  session_ = nullptr;
  switch (outcome) {
    case HttpOutcome::ok:
      return respond(ok("text/html"), "ok");
    case HttpOutcome::bad_request:
      return respond_bad_request();
  }
}

}  // namespace sioserve::transport
