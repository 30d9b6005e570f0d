#include "server/transport/engine_websocket.h"

#include <utility>

#include "server/transport/engine_io.h"
#include "server/transport/session_cookie.h"

namespace sioserve::transport {

EngineWebSocket::EngineWebSocket(EngineIo& engine_io, connection::WebSocketChannel& channel,
                                 std::optional<StreamId> adopted)
    : engine_io_(engine_io), channel_(channel), adopted_(adopted) {}

void EngineWebSocket::on_upgrade_request() {
  const auto admitted = engine_io_.admit(channel_.head(), Carrier::websocket, adopted_);
  if (!admitted) return on_refused(admitted.error(), {});
  if (engine::Session* const session = *admitted) {
    const SharedHeaders headers = engine_io_.headers_of(*session);
    return accept(headers ? *headers : Headers());
  }
  question_ = engine_io_.question_origin(channel_.head(), channel_.endpoints(), adopted_, *this);
  if (!question_) ask_about_request();
}

void EngineWebSocket::ask_about_request() {
  question_ = engine_io_.question(channel_.head(), channel_.endpoints(), adopted_, *this);
}

void EngineWebSocket::on_origin_decided(OriginDecision decision) {
  question_.reset();
  engine_io_.decide_origin(channel_.head(), decision);
  if (!engine_io_.may_come_from_origin(channel_.head(), adopted_)) {
    return on_refused(RequestError::forbidden, {});
  }
  ask_about_request();
}

void EngineWebSocket::on_allowed(Headers headers, Headers session_headers) {
  question_.reset();
  if (const auto error = check_version(channel_.head(), engine_io_.config()))
    return on_refused(*error, {});
  auto place = engine_io_.reserve_place(*channel_.endpoints());
  if (!place) return on_refused(place.error(), {});
  std::string sid = engine_io_.make_sid();
  add_session_cookie(engine_io_.config().engine_io, sid, headers);
  headers.insert(headers.end(), session_headers.begin(), session_headers.end());
  new_session_ = std::make_unique<NewSession>(
      NewSession{std::move(*place), std::move(sid), std::move(session_headers)});
  accept(std::move(headers));
}

void EngineWebSocket::on_refused(RequestError error, const std::string& message) {
  question_.reset();
  engine_io_.refused(channel_.head(), *channel_.endpoints(), error, message);
  ResponseHead head = error_head(error);
  engine_io_.cors().add_headers(channel_.head(), head.headers);
  channel_.deny(std::move(head), error_body(error, message), connection::BodyPart::last);
}

void EngineWebSocket::accept(Headers headers) {
  engine_io_.cors().add_headers(channel_.head(), headers);
  channel_.accept({}, headers, engine_io_.websocket_settings());
}

void EngineWebSocket::on_open() {
  if (const auto opened = std::move(new_session_)) {
    session_ = &engine_io_.open_session(std::move(opened->sid), channel_.share_head(),
                                        channel_.endpoints(), adopted_, std::move(opened->place),
                                        std::move(opened->headers));
    adopted_.reset();
    return session_->open_websocket(*this);
  }
  engine::Session* const session = engine_io_.find_session(channel_.head());
  if (!may_upgrade(session)) return channel_.close(engine::no_close_code, {});
  session_ = session;
  session_->start_probe(*this);
}

bool EngineWebSocket::may_upgrade(const engine::Session* session) const {
  return engine_io_.config().engine_io.allow_upgrades && session && session->is_open() &&
         session->is_polling() && !session->is_upgrading();
}

void EngineWebSocket::on_message(MessageKind kind, std::string payload) {
  if (session_) session_->receive_websocket(*this, kind, std::move(payload));
}

void EngineWebSocket::on_drain() {
  if (session_) session_->drain_websocket(*this);
}

void EngineWebSocket::on_peer_ended() {
  if (session_) session_->peer_ended(*this);
}

connection::FaultNotice EngineWebSocket::on_peer_fault(std::uint16_t, std::string_view) {
  using enum connection::FaultNotice;
  return session_ && session_->peer_faulted(*this, fault_) ? behind_answers : at_once;
}

void EngineWebSocket::on_closed(std::uint16_t, std::string_view) {
  if (session_) std::exchange(session_, nullptr)->websocket_closed(*this);
  if (question_) engine_io_.withdraw(*std::exchange(question_, std::nullopt));
  if (adopted_) engine_io_.abandon(*adopted_);
}

void EngineWebSocket::close(std::uint16_t code) {
  session_ = nullptr;
  channel_.close(code, {});
}

void EngineWebSocket::abort() {
  session_ = nullptr;
  channel_.abort();
}

}  // namespace sioserve::transport
