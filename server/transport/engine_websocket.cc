#include "server/transport/engine_websocket.h"

#include <utility>

#include "server/transport/engine_io.h"

namespace sioserve::transport {

EngineWebSocket::EngineWebSocket(EngineIo& engine_io, connection::WebSocketChannel& channel,
                                 std::optional<StreamId> adopted)
    : engine_io_(engine_io), channel_(channel), adopted_(adopted) {}

void EngineWebSocket::on_upgrade_request() {
  const auto admitted = engine_io_.admit(channel_.head(), Carrier::websocket, adopted_);
  if (!admitted) {
    return channel_.deny(error_head(admitted.error()), error_body(admitted.error()),
                         connection::BodyPart::last);
  }
  is_handshake_ = *admitted == nullptr;
  channel_.accept({}, {}, engine_io_.websocket_settings());
}

void EngineWebSocket::on_open() {
  if (is_handshake_) {
    session_ = &engine_io_.open_session(channel_.head(), channel_.endpoints(), adopted_);
    adopted_.reset();
    return session_->open_websocket(*this);
  }
  engine::Session* const session = engine_io_.find_session(channel_.head());
  if (!session || !session->is_open() || !session->is_polling() || session->is_upgrading()) {
    return channel_.close(1000, {});
  }
  session_ = session;
  session_->start_probe(*this);
}

void EngineWebSocket::on_message(MessageKind kind, std::string payload) {
  if (session_) session_->receive_websocket(*this, kind, std::move(payload));
}

void EngineWebSocket::on_drain() {
  if (session_) session_->drain_websocket(*this);
}

void EngineWebSocket::on_closed(std::uint16_t, std::string_view) {
  if (session_) std::exchange(session_, nullptr)->websocket_closed(*this);
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
