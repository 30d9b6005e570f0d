#include "server/application/websocket_stream.h"

#include <utility>

namespace sioserve::application {

using connection::BodyPart;

namespace {

constexpr std::uint16_t service_restart = 1012;  // the IANA registry of close codes

}  // namespace

WebSocketStream::WebSocketStream(StreamId id, connection::WebSocketChannel& channel,
                                 WebSocketStreams& streams, EventSink& events, const Config& config)
    : id_(id),
      channel_(channel),
      streams_(streams),
      events_(events),
      config_(config),
      receive_window_(config.receive_window),
      send_credit_(SendWindow(config.send_window)) {
  streams_.insert(id_, *this);
}

WebSocketStream::~WebSocketStream() { streams_.erase(id_); }

void WebSocketStream::on_upgrade_request() {
  events_.push(
      WebSocketConnect{id_, channel_.share_head(), channel_.endpoints(), channel_.subprotocols()});
}

void WebSocketStream::on_open() {
  if (engine_) engine_->on_open();
}

void WebSocketStream::on_message(MessageKind kind, std::string payload) {
  if (engine_) return engine_->on_message(kind, std::move(payload));
  receive_window_.arrived(payload.size() + websocket_message_overhead);
  events_.push(WebSocketMessage{id_, kind, std::move(payload)});
  apply_receive_window();
}

void WebSocketStream::on_drain() {
  if (engine_) return engine_->on_drain();
  if (const auto bytes = send_credit_.credit(channel_.buffered())) {
    events_.push(WebSocketSendCredit{id_, *bytes});
  }
}

void WebSocketStream::on_peer_ended() {
  if (engine_) engine_->on_peer_ended();
}

void WebSocketStream::on_message_too_big() {
  if (engine_) engine_->on_message_too_big();
}

connection::FaultNotice WebSocketStream::on_peer_fault(std::uint16_t code,
                                                       std::string_view reason) {
  if (engine_) return engine_->on_peer_fault(code, reason);
  events_.push(WebSocketFault{id_, code, std::string(reason)});
  return connection::FaultNotice::behind_answers;
}

void WebSocketStream::on_closed(std::uint16_t code, std::string_view reason) {
  if (engine_) return engine_->on_closed(code, reason);
  events_.push(WebSocketDisconnect{id_, code, std::string(reason)});
}

void WebSocketStream::accept(WebSocketAccept&& command) {
  if (engine_ || state_ != State::deciding) return;
  state_ = State::open;
  channel_.accept(command.subprotocol, command.headers, config_.websocket);
}

void WebSocketStream::send(WebSocketSend&& command) {
  if (engine_ || state_ != State::open) return;
  send_credit_.sent(command.payload.size());
  channel_.send(command.kind, std::move(command.payload));
}

void WebSocketStream::close(WebSocketClose&& command) {
  if (engine_) return;
  switch (state_) {
    case State::deciding:
      return deny_with(403, "Forbidden");
    case State::denied:
    case State::closing:
      return;
    case State::open:
      return close_with(command.code, command.reason);
  }
}

void WebSocketStream::deny(WebSocketDeny&& command) {
  if (engine_) return;
  const BodyPart part = command.more_body ? BodyPart::more : BodyPart::last;
  send_credit_.sent(command.body.size());
  if (command.head && state_ == State::deciding) {
    state_ = State::denied;
    channel_.deny(std::move(*command.head), std::move(command.body), part);
  } else if (!command.head && state_ == State::denied) {
    channel_.send_denial_body(std::move(command.body), part);
  }
}

void WebSocketStream::fail() {
  if (engine_) return;
  switch (state_) {
    case State::deciding:
      return deny_with(500, "Internal Server Error");
    case State::denied:
      return channel_.abort();
    case State::open:
      return close_with(1011, "");
    case State::closing:
      return;
  }
}

void WebSocketStream::process_lost() {
  if (engine_) return;
  switch (state_) {
    case State::deciding:
      return deny_with(502, "Bad Gateway");
    case State::denied:
      return channel_.abort();
    case State::open:
      return close_with(service_restart, "");
    case State::closing:
      return;
  }
}

void WebSocketStream::no_process() {
  if (!engine_ && state_ == State::deciding) deny_with(503, "Service Unavailable");
}

void WebSocketStream::consumed(std::size_t bytes) {
  if (engine_ || state_ != State::open) return;
  receive_window_.taken(bytes);
  apply_receive_window();
}

void WebSocketStream::hand_over(EngineHandover& engine) {
  if (engine_) return;
  // For the processes it is a session now, whose end would not close it.
  if (state_ != State::deciding) return fail();
  engine_ = engine.adopt(channel_, id_);
  engine_->on_upgrade_request();
}

void WebSocketStream::queue_drained() {
  if (!engine_ && state_ == State::open) apply_receive_window();
}

void WebSocketStream::apply_receive_window() {
  receive_window_.set_queue_full(events_.full(id_));
  switch (receive_window_.update()) {
    case ReceiveWindow::Change::none:
      break;
    case ReceiveWindow::Change::pause:
      channel_.pause_reading();
      break;
    case ReceiveWindow::Change::resume:
      channel_.resume_reading();
      break;
  }
}

void WebSocketStream::close_with(std::uint16_t code, std::string_view reason) {
  state_ = State::closing;
  channel_.close(code, reason);
}

void WebSocketStream::deny_with(std::uint16_t status, std::string_view text) {
  state_ = State::denied;
  channel_.deny(ResponseHead{status, {{"content-type", "text/plain; charset=utf-8"}}},
                std::string(text), BodyPart::last);
}

}  // namespace sioserve::application
