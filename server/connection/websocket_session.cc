#include "server/connection/websocket_session.h"

#include <algorithm>
#include <ctime>
#include <limits>
#include <utility>

#include "server/http/response_writer.h"
#include "server/ws/frame.h"

namespace sioserve::connection {
namespace {

constexpr std::uint16_t abnormal_closure = 1006;
constexpr std::uint16_t service_restart = 1012;
// Input kept while it may not be looked at; beyond it reading pauses.
constexpr std::size_t max_kept = 65'536;
// A peer that reads nothing but sends pings is answered no more.
constexpr std::size_t max_buffered_for_pong = 262'144;

// Socket.IO's messages come through the same reader, and have a limit of their own.
std::size_t max_message(const Config& config) {
  if (config.websocket.max_message == 0) return std::numeric_limits<std::size_t>::max();
  return std::max(config.websocket.max_message, config.engine_io.max_payload);
}

}  // namespace

WebSocketSession::WebSocketSession(Connection& connection, RequestHead head,
                                   ws::Handshake handshake, std::string_view input)
    : connection_(connection),
      head_(std::move(head)),
      handshake_(std::move(handshake)),
      denial_(context(), connection.stream(), {.persistence = http::Persistence::close}),
      kept_(input) {}

// --- Events of the connection ---

void WebSocketSession::on_read(std::string_view bytes) {
  const bool at_once =
      state_ == State::open && opened_ && !paused_ && kept_.empty() && inbox_.empty();
  if (at_once) {
    read(bytes);
  } else {
    kept_.append(bytes);
  }
}

void WebSocketSession::on_drain() {
  if (state_ == State::ended) return;
  if (deadline_ != TimePoint::max()) {
    deadline_ = context().now() + context().timeouts.websocket_close;
  }
  if (handler_) handler_->on_drain();
}

void WebSocketSession::on_broken() { end(abnormal_closure, "", &Connection::close); }

void WebSocketSession::begin_stop() { close(service_restart, "server stops"); }

void WebSocketSession::on_deadline() {
  end(abnormal_closure, "closing handshake timed out", &Connection::close);
}

void WebSocketSession::advance() {
  if (!std::exchange(routed_, true)) {
    connection_.access().websocket_connecting(head_, endpoints());
    handler_ = context().router.route(*this);
    handler_->on_upgrade_request();
  }
  if (aborted_) end(abnormal_closure, "", &Connection::close);
  switch (state_) {
    case State::deciding:
      if (connection_.peer_ended()) end(abnormal_closure, "", &Connection::linger);
      break;
    case State::denied:
      if (denial_.complete()) {
        end(abnormal_closure, "", denial_.incomplete() ? &Connection::close : &Connection::linger);
      } else if (connection_.peer_ended()) {
        end(abnormal_closure, "", &Connection::close);
      }
      break;
    case State::open:
      advance_open();
      break;
    case State::ended:
      break;
  }
  if (state_ != State::ended) control_reading();
}

// --- Messages ---

void WebSocketSession::advance_open() {
  if (!std::exchange(opened_, true)) {
    handler_->on_open();
    if (context().phase == Phase::stopping) begin_stop();
  }
  deliver_inbox();
  while (!kept_.empty() && !paused_ && !aborted_ && inbox_.empty()) {
    read(std::exchange(kept_, std::string()));
    deliver_inbox();
  }
  if (aborted_) {
    end(abnormal_closure, "", &Connection::close);
  } else if (!inbox_.empty()) {
    return;  // paused: what the peer sent before its end comes first
  } else if (reader_->state() == ws::MessageReader::State::closed) {
    end(reader_->close_code(), reader_->close_reason(), &Connection::linger);
  } else if (connection_.peer_ended() && kept_.empty()) {
    end(abnormal_closure, "", &Connection::close);
  }
}

void WebSocketSession::read(std::string_view bytes) {
  reader_->feed(bytes, inbox_);
  write_control_frames();
}

void WebSocketSession::deliver_inbox() {
  while (delivered_ < inbox_.size() && !paused_ && !aborted_) {
    // We have closed: the handler wants no more.
    if (reader_->state() == ws::MessageReader::State::closing) {
      delivered_ = inbox_.size();
      break;
    }
    ws::Message& message = inbox_[delivered_++];
    handler_->on_message(message.kind, std::move(message.payload));
  }
  if (delivered_ == inbox_.size()) {
    inbox_.clear();
    delivered_ = 0;
  }
}

void WebSocketSession::write_control_frames() {
  const std::string frames = reader_->take_output();
  const bool only_pongs = reader_->state() == ws::MessageReader::State::open;
  if (only_pongs && buffered() > max_buffered_for_pong) return;
  connection_.stream().write(frames);
}

void WebSocketSession::end(std::uint16_t code, std::string_view reason, void (Connection::*how)()) {
  const State before = std::exchange(state_, State::ended);
  if (before == State::ended) return;
  deadline_ = TimePoint::max();
  if (before == State::denied) connection_.access().websocket_reject(head_, endpoints(), denial_);
  (connection_.*how)();
  if (const auto handler = std::move(handler_)) handler->on_closed(code, reason);
  if (before != State::denied) {
    connection_.access().websocket_disconnect(std::move(head_), endpoints(), code);
  }
}

void WebSocketSession::control_reading() {
  if (kept_.size() < max_kept && inbox_.empty()) {
    connection_.stream().resume_reading();
  } else {
    connection_.stream().pause_reading();
  }
}

// --- Calls of the handler ---

void WebSocketSession::accept(std::string_view subprotocol, const Headers& headers) {
  if (state_ != State::deciding) return;
  Headers answer = ws::answer_headers(handshake_, subprotocol);
  for (const Header& header : headers) {
    if (!ws::belongs_to_handshake(header.name)) answer.push_back(header);
  }
  std::string& out = context().scratch;
  out.clear();
  const auto date = context().date.at(std::time(nullptr));
  if (http::append_switching_protocols(answer, date, out)) {
    context().logger.log(LogCategory::server, LogLevel::error,
                         "The application accepted a WebSocket with an invalid header; "
                         "answered with 500");
    deny(plain_head(500), plain_body(500), BodyPart::last);
    return;
  }
  connection_.stream().write(out);
  connection_.access().websocket_connect(head_, endpoints());
  reader_.emplace(max_message(context().config));
  state_ = State::open;
  connection_.touch();
}

void WebSocketSession::deny(ResponseHead head, std::string body, BodyPart part) {
  if (state_ != State::deciding) return;
  state_ = State::denied;
  denial_.start(head, std::move(body), part);
  connection_.touch();
}

void WebSocketSession::send_denial_body(std::string body, BodyPart part) {
  if (state_ != State::denied) return;
  denial_.send(std::move(body), part);
  connection_.touch();
}

void WebSocketSession::send(MessageKind kind, std::string payload) {
  if (!may_send()) return;
  connection_.stream().write(ws::FrameHeader(kind, payload.size()).bytes());
  connection_.stream().write_owned(std::move(payload));
}

void WebSocketSession::send(MessageKind kind, SharedBytes payload) {
  if (!may_send()) return;
  connection_.stream().write(ws::FrameHeader(kind, payload->size()).bytes());
  connection_.stream().write_shared(std::move(payload));
}

void WebSocketSession::close(std::uint16_t code, std::string_view reason) {
  if (!may_send()) return;
  reader_->close(code, reason);
  write_control_frames();
  deadline_ = context().now() + context().timeouts.websocket_close;
  connection_.touch();
}

void WebSocketSession::abort() {
  if (state_ == State::ended) return;
  aborted_ = true;
  connection_.stream().close();
  connection_.touch();
}

void WebSocketSession::resume_reading() {
  if (std::exchange(paused_, false)) connection_.touch();
}

bool WebSocketSession::may_send() const {
  return state_ == State::open && reader_->state() == ws::MessageReader::State::open;
}

}  // namespace sioserve::connection
