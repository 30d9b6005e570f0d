#include "socketio/loopback/loopback_client.h"

#include "server/base/random_id.h"
#include "socketio/engine/packet.h"

namespace sioserve::socketio {

LoopbackClient::LoopbackClient(SessionId id, Server& server, const TimePoint& now, Limits& limits)
    : now_(now),
      session_(id, random_id(), engine::framing_v4(), server.config(), *this, server.logger(),
               limits) {
  session_.start(server.make_observer(session_, std::nullopt));
  session_.open_websocket(*this);
}

void LoopbackClient::receive(LoopbackMessage message) {
  if (message.kind == MessageKind::text) {
    message.data.insert(0, 1, static_cast<char>(engine::PacketType::message));
  }
  inbox_.push_back(std::move(message));
  advance();
}

void LoopbackClient::leave() {
  inbox_.clear();
  if (session_.is_open()) session_.websocket_closed(*this);
}

void LoopbackClient::advance() {
  for (;;) {
    if (std::exchange(pinged_, false)) {
      inbox_.push_front(
          {MessageKind::text, std::string(1, static_cast<char>(engine::PacketType::pong))});
    }
    if (!paused_ && !inbox_.empty() && session_.is_open()) {
      LoopbackMessage message = std::move(inbox_.front());
      inbox_.pop_front();
      session_.receive_websocket(*this, message.kind, std::move(message.data));
    } else if (deadline_ && *deadline_ <= now_) {
      deadline_.reset();
      session_.on_timer();
    } else {
      return;
    }
  }
}

void LoopbackClient::schedule(engine::Session&, TimePoint deadline) { deadline_ = deadline; }

void LoopbackClient::session_ended(engine::Session&) {
  deadline_.reset();
  inbox_.clear();
}

void LoopbackClient::send(MessageKind kind, const SharedBytes& bytes, Compression) {
  if (kind == MessageKind::binary) {
    sent_.push_back({kind, *bytes});
    return;
  }
  const auto type = static_cast<engine::PacketType>(bytes->front());
  if (type == engine::PacketType::message) sent_.push_back({kind, bytes->substr(1)});
  if (type == engine::PacketType::ping) pinged_ = true;
}

}  // namespace sioserve::socketio
