#include "server/connection/websocket_session.h"

#include <algorithm>
#include <utility>

#include "server/connection/busy_handlers.h"
#include "server/connection/redirect_handlers.h"
#include "server/ws/frame.h"

namespace sioserve::connection {
namespace {

constexpr std::uint16_t going_away = 1001;
constexpr std::uint16_t abnormal_closure = 1006;
constexpr std::uint16_t internal_error = 1011;
constexpr std::uint16_t service_restart = 1012;
// A peer that sends pings but reads nothing gets no more pongs above this many queued bytes.
constexpr std::size_t max_buffered_for_pong = 262'144;

// Larger messages are not compressed: that would block all other connections.
constexpr std::size_t max_deflated = 1'048'576;
constexpr std::size_t compressed_portion = 1'024;
// How often to check whether a peer is still connected while its socket is not read.
constexpr Milliseconds look_interval{1'000};
// The time without a compressed message after which zlib's memory is freed.
constexpr Milliseconds compression_idle{30'000};

std::string seconds(Milliseconds time) {
  const auto milliseconds = time.count();
  if (milliseconds % 1000 != 0) return std::to_string(milliseconds) + " ms";
  return std::to_string(milliseconds / 1000) + " s";
}

ws::ContextTakeover takeover(bool on) {
  return on ? ws::ContextTakeover::on : ws::ContextTakeover::off;
}

}  // namespace

WebSocketSession::Opening::Opening(std::unique_ptr<WebSocketOpening> opening, ws::Handshake checked,
                                   std::string_view method)
    : answer(std::move(opening)), handshake(std::move(checked)), denial(answer->denial(), method) {}

WebSocketSession::WebSocketSession(Carrier& carrier, std::unique_ptr<WebSocketOpening> opening,
                                   SharedRequestHead head, SharedEndpoints endpoints,
                                   ws::Handshake handshake, std::string_view input)
    : carrier_(carrier),
      head_(std::move(head)),
      endpoints_(std::move(endpoints)),
      opening_(std::make_unique<Opening>(std::move(opening), std::move(handshake), head_->method)),
      kept_(input),
      deadline_(deadline_after(context().now(), context().config.websocket.connect_timeout)) {}

// --- Events of the carrier ---

void WebSocketSession::on_read(std::string_view bytes) {
  if (state_ == State::ended) return;
  if (keepalive_) keepalive_->heard(context().now());
  const bool at_once =
      state_ == State::open && opened_ && !paused_ && kept_.empty() && inbox_.empty() && !deflater_;
  if (at_once) {
    read(bytes);
  } else {
    kept_.append(bytes);
  }
}

void WebSocketSession::on_drain() {
  if (state_ == State::ended) return;
  if (state_ == State::denied) deadline_ = context().now() + context().timeouts.stalled;
  if (state_ == State::open) {
    if (deadline_ != TimePoint::max()) {
      deadline_ = context().now() + context().timeouts.websocket_close;
    }
    // Bytes are still queued, so the kernel's buffer was full: the peer must have read.
    if (buffered() > 0) keepalive_->heard(context().now());
  }
  if (handler_) handler_->on_drain();
}

void WebSocketSession::on_broken() { end(abnormal_closure, "", ConnectionEnd::close); }

void WebSocketSession::begin_stop() { close(service_restart, "server stops"); }

TimePoint WebSocketSession::deadline() const {
  TimePoint first = std::min({deadline_, lifetime_end_, release_due_, look_due_});
  if (keepalive_ && deadline_ == TimePoint::max()) first = std::min(first, keepalive_->deadline());
  return first;
}

void WebSocketSession::on_deadline() {
  switch (state_) {
    case State::deciding:
      report_not_accepted();
      deny(plain_head(403), plain_body(403), BodyPart::last);
      break;
    case State::denied:
      end(abnormal_closure, "denial timed out", ConnectionEnd::close);
      break;
    case State::open:
      on_open_deadline();
      break;
    case State::ended:
      break;
  }
}

void WebSocketSession::on_open_deadline() {
  const TimePoint now = context().now();
  if (release_due_ <= now) release_compression();
  if (look_due_ <= now) check_peer_alive();
  if (deadline_ <= now && reader_->failed()) {
    end(reader_->close_code(), reader_->close_reason(), ConnectionEnd::linger);
  } else if (deadline_ <= now) {
    end(abnormal_closure, "closing handshake timed out", ConnectionEnd::close);
  } else if (lifetime_end_ <= now) {
    close(going_away, "maximum lifetime reached");
  } else if (deadline_ == TimePoint::max()) {
    switch (keepalive_->advance(now)) {
      case ws::Keepalive::Action::none:
        break;
      case ws::Keepalive::Action::ping:
        reader_->ping();
        write_control_frames();
        break;
      case ws::Keepalive::Action::give_up:
        give_up();
        break;
    }
  }
}

// A peer that does not answer may still read the reason.
void WebSocketSession::give_up() {
  context().count(Counter::websocket_ping_timeouts);
  context().logger.log(
      LogCategory::server, LogLevel::info,
      name() + " is closed: nothing came within " + seconds(settings_->ping_timeout) + " of a ping",
      head_->request_id);
  reader_->close(internal_error, "ping timed out");
  write_control_frames();
  end(abnormal_closure, "ping timed out", ConnectionEnd::linger);
}

void WebSocketSession::report_not_accepted() {
  LimitedLines& lines = context().refusal_reports.lines_for(403);
  if (!lines.admit(context().now())) return;
  lines.log(name() + " was not accepted within " +
                seconds(context().config.websocket.connect_timeout) + "; refused with 403",
            head_->request_id);
}

std::string WebSocketSession::name() const {
  const Address& client = endpoints_->client;
  return "WebSocket " + head_->raw_path + " of " + client.host + ":" + std::to_string(client.port);
}

void WebSocketSession::advance() {
  if (!std::exchange(routed_, true)) {
    carrier_.access().websocket_connecting(head_, endpoints_);
    handler_ = route();
    handler_->on_upgrade_request();
  }
  if (aborted_) end(abnormal_closure, "", ConnectionEnd::close);
  switch (state_) {
    case State::deciding:
      if (carrier_.peer_ended()) end(abnormal_closure, "", ConnectionEnd::linger);
      break;
    case State::denied:
      if (opening_->denial.complete()) {
        end(abnormal_closure, "",
            opening_->denial.incomplete() ? ConnectionEnd::close : ConnectionEnd::linger);
      } else if (carrier_.peer_ended()) {
        end(abnormal_closure, "", ConnectionEnd::close);
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

std::unique_ptr<WebSocketHandler> WebSocketSession::route() {
  Load& load = context().load;
  Router& router = context().router;
  load_ =
      router.continues_session(*head_) ? load.count_request() : load.admit_request(context().now());
  if (!load_) return std::make_unique<BusyWebSocketHandler>(*this);
  if (carrier_.service() == Service::redirect) {
    return std::make_unique<RedirectWebSocketHandler>(*this, context().config.tls);
  }
  return router.route(*this);
}

// --- Messages ---

void WebSocketSession::advance_open() {
  if (!std::exchange(opened_, true)) {
    handler_->on_open();
    if (context().phase == Phase::stopping) begin_stop();
  }
  deliver();
  const bool rest_waits = paused_ && (carrier_.peer_ended() || peer_is_gone_);
  if (rest_waits && !std::exchange(end_told_, true)) {
    handler_->on_peer_ended();
    deliver();
  }
  if (aborted_) {
    end(abnormal_closure, "", ConnectionEnd::close);
  } else if (!inbox_.empty()) {
    return;  // paused: the messages before the peer's close come first
  } else if (reader_->state() == ws::MessageReader::State::closed) {
    if (reader_->failed() && !after_fault_) take_fault();
    if (after_fault_ == AfterFault::answers) return;
    end(reader_->close_code(), reader_->close_reason(), ConnectionEnd::linger);
  } else if (carrier_.peer_ended() && kept_.empty()) {
    end(abnormal_closure, "", ConnectionEnd::close);
  }
}

void WebSocketSession::take_fault() {
  if (reader_->too_big()) handler_->on_message_too_big();
  const auto notice = handler_->on_peer_fault(reader_->close_code(), reader_->close_reason());
  if (after_fault_) return;  // the handler has closed the WebSocket
  switch (notice) {
    case FaultNotice::at_once:
      after_fault_ = AfterFault::nothing;
      break;
    case FaultNotice::behind_answers:
      after_fault_ = AfterFault::answers;
      deadline_ = context().now() + context().timeouts.websocket_close;
      break;
  }
}

void WebSocketSession::deliver() {
  deliver_inbox();
  read_buffered();
}

// Compressed input may grow a thousandfold, so it is read in portions, and the handler can pause
// between them.
void WebSocketSession::read_buffered() {
  if (kept_.empty()) return;
  const std::string input = std::exchange(kept_, std::string());
  std::string_view rest = input;
  while (!rest.empty() && !paused_ && !aborted_ && inbox_.empty()) {
    const std::string_view next = rest.substr(0, deflater_ ? compressed_portion : rest.size());
    rest.remove_prefix(next.size());
    read(next);
    deliver_inbox();
  }
  kept_.assign(rest);
}

void WebSocketSession::read(std::string_view bytes) {
  reader_->feed(bytes, inbox_);
  if (reader_->inflated()) use_compression();
  write_control_frames();
}

void WebSocketSession::deliver_inbox() {
  if (inbox_.empty()) return;
  while (delivered_ < inbox_.size() && !paused_ && !aborted_) {
    // After our close, messages are not passed to the handler.
    if (reader_->state() == ws::MessageReader::State::closing ||
        after_fault_ == AfterFault::nothing) {
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
  if (reader_->failed()) {
    fault_notice_ += frames;
    return;
  }
  const bool only_pongs = reader_->state() == ws::MessageReader::State::open;
  if (only_pongs && buffered() > max_buffered_for_pong) return;
  carrier_.stream().write(frames);
}

void WebSocketSession::end(std::uint16_t code, std::string_view reason, ConnectionEnd how) {
  const State before = std::exchange(state_, State::ended);
  if (before == State::ended) return;
  deadline_ = lifetime_end_ = release_due_ = look_due_ = TimePoint::max();
  keepalive_.reset();
  load_.reset();
  if (how == ConnectionEnd::linger && !fault_notice_.empty()) {
    carrier_.stream().write(fault_notice_);
  }
  if (before == State::denied)
    carrier_.access().websocket_reject(head_, endpoints_, opening_->denial);
  carrier_.end(how, endpoints_);
  if (const auto handler = std::move(handler_)) handler->on_closed(code, reason);
  if (before != State::denied) {
    carrier_.access().websocket_disconnect(head_, endpoints_, code);
  }
}

void WebSocketSession::control_reading() {
  if (kept_.size() < max_kept && inbox_.empty()) {
    if (keepalive_ && keepalive_->is_paused()) keepalive_->resume(context().now());
    carrier_.stream().resume_reading();
    look_due_ = TimePoint::max();
  } else {
    if (keepalive_) keepalive_->pause();
    carrier_.stream().pause_reading();
    if (look_due_ == TimePoint::max() && !end_told_) look_due_ = context().now() + look_interval;
  }
}

void WebSocketSession::check_peer_alive() {
  peer_is_gone_ = carrier_.stream().peer_is_disconnected();
  look_due_ = TimePoint::max();  // set again by control_reading(), which follows
}

// --- Calls of the handler ---

void WebSocketSession::accept(std::string_view subprotocol, const Headers& headers,
                              const WebSocketConfig& settings) {
  if (state_ != State::deciding) return;
  if (!settings.per_message_deflate) opening_->handshake.deflate.reset();
  Headers answer = ws::answer_headers(opening_->handshake, subprotocol);
  for (const Header& header : headers) {
    if (!ws::belongs_to_handshake(header.name)) answer.push_back(header);
  }
  add_request_id(context().config, head_->request_id, answer);
  if (opening_->answer->accept(std::move(answer), context().server_headers())) {
    context().logger.log(LogCategory::server, LogLevel::error,
                         "The application accepted a WebSocket with an invalid header; "
                         "answered with 500",
                         head_->request_id);
    deny(plain_head(500), plain_body(500), BodyPart::last);
    return;
  }
  carrier_.access().websocket_served_by(handler_->served_by());
  carrier_.access().websocket_connect(head_, endpoints_);
  open(settings);
  carrier_.touch();
}

void WebSocketSession::open(const WebSocketConfig& settings) {
  const TimePoint now = context().now();
  state_ = State::open;
  context().load.request_answered();
  settings_ = &settings;
  deadline_ = TimePoint::max();
  lifetime_end_ = deadline_after(now, settings.lifetime);
  keepalive_.emplace(settings.ping_interval, settings.ping_timeout, now);
  std::unique_ptr<ws::Inflater> inflater;
  if (opening_->handshake.deflate) {
    const ws::DeflateParameters& agreed = opening_->handshake.deflate->parameters;
    inflater = std::make_unique<ws::Inflater>(agreed.client_window_bits,
                                              takeover(agreed.client_context_takeover));
    deflater_ = std::make_unique<ws::Deflater>(agreed.server_window_bits,
                                               takeover(agreed.server_context_takeover));
  }
  opening_.reset();
  reader_.emplace(context().websocket_parsers,
                  ws::MessageLimits{settings.max_message, settings.max_frame}, std::move(inflater));
}

void WebSocketSession::deny(ResponseHead head, std::string body, BodyPart part) {
  if (state_ != State::deciding) return;
  state_ = State::denied;
  if (load_) context().load.request_answered();
  carrier_.access().websocket_served_by(handler_->served_by());
  deadline_ = context().now() + context().timeouts.stalled;
  start_response(context(), opening_->denial, std::move(head), std::move(body), part,
                 head_->request_id);
  carrier_.touch();
}

void WebSocketSession::send_denial_body(std::string body, BodyPart part) {
  if (state_ != State::denied) return;
  deadline_ = context().now() + context().timeouts.stalled;
  opening_->denial.send(std::move(body), part);
  carrier_.touch();
}

void WebSocketSession::send(MessageKind kind, std::string payload) {
  if (!may_send()) return;
  if (deflates(payload.size())) return send_deflated(kind, payload);
  carrier_.stream().write(ws::FrameHeader(kind, payload.size()).bytes());
  carrier_.stream().write_owned(std::move(payload));
}

void WebSocketSession::send(MessageKind kind, const SharedBytes& payload, Compression compression) {
  if (!may_send()) return;
  if (compression == Compression::allowed && deflates(payload->size())) {
    return send_deflated(kind, *payload);
  }
  carrier_.stream().write(ws::FrameHeader(kind, payload->size()).bytes());
  carrier_.stream().write_shared(payload);
}

bool WebSocketSession::deflates(std::size_t size) const {
  return deflater_ && size >= settings_->deflate_threshold && size <= max_deflated;
}

void WebSocketSession::send_deflated(MessageKind kind, std::string_view payload) {
  std::string deflated = deflater_->compress(payload);
  carrier_.stream().write(ws::FrameHeader(kind, deflated.size(), ws::Encoding::deflated).bytes());
  carrier_.stream().write_owned(std::move(deflated));
  use_compression();
}

void WebSocketSession::use_compression() {
  compression_used_ = context().now();
  if (release_due_ == TimePoint::max()) release_due_ = compression_used_ + compression_idle;
}

void WebSocketSession::release_compression() {
  release_due_ = compression_used_ + compression_idle;
  if (release_due_ > context().now()) return;
  release_due_ = TimePoint::max();
  if (deflater_) deflater_->release();
  reader_->release_memory();
}

void WebSocketSession::close(std::uint16_t code, std::string_view reason) {
  if (!may_send()) return;
  if (reader_->failed()) {  // the peer gets the close frame for its fault instead
    after_fault_ = AfterFault::nothing;
    paused_ = false;
    carrier_.touch();
    return;
  }
  reader_->close(code, reason);
  write_control_frames();
  deadline_ = context().now() + context().timeouts.websocket_close;
  // Resume: the peer's close frame comes after messages that are dropped.
  paused_ = false;
  lifetime_end_ = TimePoint::max();
  carrier_.touch();
}

void WebSocketSession::abort() {
  if (state_ == State::ended) return;
  aborted_ = true;
  carrier_.stream().close();
  carrier_.touch();
}

void WebSocketSession::resume_reading() {
  if (std::exchange(paused_, false)) carrier_.touch();
}

bool WebSocketSession::may_send() const {
  if (state_ != State::open) return false;
  return reader_->state() == ws::MessageReader::State::open ||
         (reader_->failed() && after_fault_ != AfterFault::nothing);
}

}  // namespace sioserve::connection
