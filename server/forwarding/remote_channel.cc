#include "server/forwarding/remote_channel.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace sioserve::forwarding {
namespace {

// The connection ended without a closing handshake (RFC 6455 section 7.1.5).
constexpr std::uint16_t abnormal_closure = 1006;

}  // namespace

RemoteChannel::RemoteChannel(Answerer& answerer, Sessions& sessions, OpenWebSocket message)
    : answerer_(answerer),
      stream_(message.stream),
      head_(std::make_shared<const RequestHead>(std::move(message.head))),
      endpoints_(std::make_shared<const Endpoints>(std::move(message.endpoints))),
      subprotocols_(std::move(message.subprotocols)),
      handler_(sessions.handler_of_forwarded(*this)) {}

void RemoteChannel::begin() { handler_->on_upgrade_request(); }

void RemoteChannel::receive(Message message) {
  std::visit([this](auto& one) { handle(one); }, message);
}

void RemoteChannel::end() { handler_->on_closed(abnormal_closure, {}); }

void RemoteChannel::handle(ClientMessage& message) {
  handler_->on_message(message.kind, std::move(message.payload));
}

void RemoteChannel::handle(const Taken& taken) {
  taken_ += std::min(taken.bytes, sent_ - taken_);
  handler_->on_drain();
}

void RemoteChannel::handle(const ClientFault& fault) {
  switch (handler_->on_peer_fault(fault.code, fault.reason)) {
    case connection::FaultNotice::at_once:
      return close(fault.code, fault.reason);
    case connection::FaultNotice::behind_answers:
      return;
  }
}

void RemoteChannel::accept(std::string_view subprotocol, const Headers& headers,
                           const WebSocketConfig&) {
  answerer_.send(AcceptWebSocket{stream_, std::string(subprotocol), headers});
}

void RemoteChannel::deny(ResponseHead head, std::string body, BodyPart part) {
  answerer_.send(Respond{stream_, std::move(head), std::move(body), part});
}

void RemoteChannel::send_denial_body(std::string body, BodyPart part) {
  answerer_.send(ResponseBody{stream_, std::move(body), part});
}

void RemoteChannel::send(MessageKind kind, std::string payload) {
  send(kind, share(std::move(payload)), Compression::allowed);
}

void RemoteChannel::send(MessageKind kind, const SharedBytes& payload, Compression compression) {
  sent_ += payload->size();
  answerer_.send(ServerMessage{stream_, kind, compression, *payload});
}

void RemoteChannel::close(std::uint16_t code, std::string_view reason) {
  answerer_.send(CloseWebSocket{stream_, code, std::string(reason)});
}

void RemoteChannel::abort() { answerer_.send(Abort{stream_}); }

void RemoteChannel::pause_reading() { answerer_.send(ChangeReading{stream_, Reading::paused}); }

void RemoteChannel::resume_reading() { answerer_.send(ChangeReading{stream_, Reading::resumed}); }

}  // namespace sioserve::forwarding
