#include "server/forwarding/forwarded_websocket.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace sioserve::forwarding {

ForwardedWebSocket::ForwardedWebSocket(connection::WebSocketChannel& channel, Caller& caller,
                                       const Refuse& refuse, const WebSocketConfig& settings)
    : channel_(channel),
      caller_(&caller),
      refuse_(refuse),
      settings_(settings),
      stream_(caller.add(*this)) {}

ForwardedWebSocket::~ForwardedWebSocket() {
  if (caller_) caller_->remove(stream_);
}

void ForwardedWebSocket::on_upgrade_request() {
  if (caller_->is_lost()) {
    caller_->remove(stream_);
    return lost();
  }
  send(OpenWebSocket{stream_, channel_.head(), *channel_.endpoints(), channel_.subprotocols()});
}

void ForwardedWebSocket::on_open() { send(Opened{stream_}); }

void ForwardedWebSocket::on_message(MessageKind kind, std::string payload) {
  send(ClientMessage{stream_, kind, std::move(payload)});
}

void ForwardedWebSocket::on_drain() {
  const std::uint64_t taken = received_ - std::min<std::uint64_t>(received_, channel_.buffered());
  if (taken <= taken_) return;
  send(Taken{stream_, taken - std::exchange(taken_, taken)});
}

void ForwardedWebSocket::on_peer_ended() { send(ClientEnding{stream_}); }

connection::FaultNotice ForwardedWebSocket::on_peer_fault(std::uint16_t code,
                                                          std::string_view reason) {
  if (!caller_) return connection::FaultNotice::at_once;
  send(ClientFault{stream_, code, std::string(reason)});
  return connection::FaultNotice::behind_answers;
}

void ForwardedWebSocket::on_closed(std::uint16_t code, std::string_view reason) {
  send(ClientGone{stream_, code, std::string(reason)});
  if (caller_) std::exchange(caller_, nullptr)->remove(stream_);
}

void ForwardedWebSocket::send(Message message) {
  if (caller_) caller_->send(std::move(message));
}

void ForwardedWebSocket::receive(Message message) {
  std::visit([this](auto& one) { handle(one); }, message);
}

void ForwardedWebSocket::handle(const AcceptWebSocket& accept) {
  if (state_ != State::asked) return;
  state_ = State::accepted;
  channel_.accept(accept.subprotocol, accept.headers, settings_);
}

void ForwardedWebSocket::handle(Respond& respond) {
  if (state_ != State::asked) return;
  state_ = State::denied;
  channel_.deny(std::move(respond.head), std::move(respond.body), respond.part);
}

void ForwardedWebSocket::handle(ResponseBody& body) {
  if (state_ == State::denied) channel_.send_denial_body(std::move(body.bytes), body.part);
}

void ForwardedWebSocket::handle(ServerMessage& message) {
  if (state_ != State::accepted) return;
  received_ += message.payload.size();
  channel_.send(message.kind, share(std::move(message.payload)), message.compression);
}

void ForwardedWebSocket::handle(const ChangeReading& change) {
  switch (change.reading) {
    case Reading::paused:
      return channel_.pause_reading();
    case Reading::resumed:
      return channel_.resume_reading();
  }
}

void ForwardedWebSocket::handle(const CloseWebSocket& close) {
  if (state_ == State::accepted) channel_.close(close.code, close.reason);
}

void ForwardedWebSocket::handle(const Abort&) { channel_.abort(); }

void ForwardedWebSocket::lost() {
  caller_ = nullptr;
  switch (std::exchange(state_, State::denied)) {
    case State::asked: {
      Refusal refusal = refuse_(channel_.head());
      return channel_.deny(std::move(refusal.head), std::move(refusal.body), BodyPart::last);
    }
    case State::accepted:
    case State::denied:
      return channel_.abort();
  }
}

}  // namespace sioserve::forwarding
