#include "socketio/engine/session.h"

#include <algorithm>
#include <cassert>
#include <nlohmann/json.hpp>
#include <utility>

#include "server/base/log_debug.h"

namespace sioserve::engine {
namespace {

constexpr Milliseconds noop_interval{100};
// How long the sid of a session that the server closed is valid, so that the next GET gets the
// close packet.
constexpr Milliseconds linger_time{30'000};
// No more packets are passed to a WebSocket while this many bytes are queued in it; the others stay
// in the outbox.
constexpr std::size_t websocket_high_water = 65'536;
// A client with fewer queued bytes is not slow.
constexpr std::size_t keeping_up = 16'384;
// Packets of Engine.IO itself do not cause the compression of a polling response.
constexpr Treatment own_packet{Importance::required, Compression::declined};

// The session ends, but its client shall open another one.
bool wants_client_back(CloseReason reason) {
  return reason == CloseReason::server_shutdown || reason == CloseReason::process_lost;
}

std::uint16_t websocket_code(CloseReason reason) {
  if (wants_client_back(reason)) return 1012;
  if (reason == CloseReason::payload_too_large) return 1009;
  return no_close_code;
}

Message packet_of(PacketType type) {
  return {MessageKind::text, share(std::string(1, static_cast<char>(type)))};
}

bool offers_websocket(const EngineIoConfig& config) {
  const auto& transports = config.transports;
  return config.allow_upgrades &&
         std::find(transports.begin(), transports.end(), "websocket") != transports.end();
}

}  // namespace

Session::Session(SessionId id, std::string sid, const Framing& framing, const Config& config,
                 SessionHost& host, const Logger& logger, Limits& limits)
    : id_(id),
      sid_(std::move(sid)),
      framing_(framing),
      config_(config),
      host_(host),
      logger_(logger),
      limits_(limits),
      traffic_(limits.counters()),
      queued_total_(host.queued_total()),
      packet_budget_(config.engine_io.max_packets_per_second),
      byte_budget_(config.engine_io.max_bytes_per_second) {}

Session::~Session() {
  state_ = State::closed;  // the transports may already be destroyed
  count_queued();
  observer_.reset();
}

void Session::start(std::unique_ptr<SessionObserver> observer) {
  observer_ = std::move(observer);
  traffic_.session_opened();
  last_poll_ = host_.now();
  start_heartbeat();
  start_connect_timeout();
  log_debug(logger_, LogCategory::engineio, "session created session=", std::uint64_t(id_));
  observer_->on_open();
}

// --- for the layer above ---

void Session::send(MessageKind kind, const SharedBytes& message,
                   std::span<const SharedBytes> attachments, Treatment treatment) {
  if (state_ != State::open || overflowed_) return;
  traffic_.sent(kind, message, attachments);
  if (websocket_ && outbox_.empty()) {
    const std::size_t buffered = websocket_->buffered();
    if (buffered < websocket_high_water) {
      send_on(*websocket_, kind, message, treatment.compression);
      for (const SharedBytes& bytes : attachments) {
        send_on(*websocket_, MessageKind::binary, bytes, treatment.compression);
      }
      // A few bytes of a client that is not slow are not counted.
      if (buffered >= keeping_up) count_queued();
      return;
    }
  }
  outbox_.push(kind, message, attachments, treatment);
  flush();
  if (outbox_.bytes() > config_.socket_io.max_queued_bytes) enforce_limit();
}

bool Session::is_writable() const {
  if (state_ != State::open || overflowed_ || !outbox_.empty()) return false;
  // The output of one loop iteration is collected before it is written to the kernel, so some bytes
  // may be buffered.
  return websocket_ ? websocket_->buffered() < keeping_up : poll_ != nullptr;
}

void Session::close(CloseReason reason) {
  if (state_ != State::open) return;
  if (websocket_ || poll_) return end(reason);
  log_debug(logger_, LogCategory::engineio, "session closing session=", std::uint64_t(id_),
            " reason=", describe(reason));
  state_ = State::closing;
  // With an error status, the client would close before it has read the last packets.
  finish_post(reason == CloseReason::server_close ? HttpOutcome::ok : HttpOutcome::bad_request);
  ping_due_ = keepalive_due_ = pong_deadline_ = connect_deadline_ = throttled_until_ = never;
  linger_deadline_ = host_.now() + linger_time;
  arm();
  observer_->on_closed(reason);
}

void Session::pause_reading() {
  if (reading_paused_ || state_ != State::open) return;
  stop_reading();
  reading_paused_ = true;
}

void Session::resume_reading() {
  if (!reading_paused_ || state_ != State::open) return;
  reading_paused_ = false;
  continue_reading();
}

void Session::throttle_until(TimePoint until) {
  if (state_ != State::open) return;
  stop_reading();
  throttled_until_ = throttled_until_ == never ? until : std::max(throttled_until_, until);
  arm();
}

void Session::stop_reading() {
  if (reading_stopped()) return;
  if (websocket_) websocket_->pause_reading();
  if (!awaits_pong_ || keepalive_due_ != never) return;
  keepalive_due_ = deadline_after(host_.now(), keepalive_interval());
  arm();
}

void Session::continue_reading() {
  if (reading_stopped()) return;
  // The pong may be in the input that was not read.
  if (awaits_pong_) pong_deadline_ = heartbeat_deadline(host_.now());
  arm();
  read_payload();
  if (websocket_ && !reading_stopped()) websocket_->resume_reading();
}

void Session::start_connect_timeout() {
  connect_deadline_ = deadline_after(host_.now(), config_.engine_io.connect_timeout);
  arm();
}

void Session::stop_connect_timeout() { connect_deadline_ = never; }

// --- for the transports ---

std::string Session::open_packet() const {
  nlohmann::ordered_json handshake;
  handshake["sid"] = sid_;
  handshake["upgrades"] = nlohmann::ordered_json::array();
  if (is_polling() && offers_websocket(config_.engine_io)) {
    handshake["upgrades"].push_back("websocket");
  }
  handshake["pingInterval"] = config_.engine_io.ping_interval.count();
  handshake["pingTimeout"] = config_.engine_io.ping_timeout.count();
  handshake["maxPayload"] = config_.engine_io.max_payload;
  return static_cast<char>(PacketType::open) + handshake.dump();
}

Payload Session::open_payload() const {
  const Message packet{MessageKind::text, share(open_packet())};
  return framing_.write_body(std::span(&packet, 1));
}

void Session::open_websocket(WebSocketTransport& websocket) {
  assert(is_open() && is_polling());
  websocket_ = &websocket;
  traffic_.websocket_carries();
  status_.transport = SessionTransport::websocket;
  websocket.send(MessageKind::text, share(open_packet()), Compression::allowed);
  flush();
}

void Session::start_poll(PollRequest& poll) {
  if (state_ == State::closing) {
    poll_ = &poll;
    if (outbox_.empty()) return end(CloseReason::server_close);
    // The close packet comes with the next GET: clients handle it before other packets in the same
    // body.
    linger_deadline_ = host_.now() + linger_time;
    answer_poll(take_payload());
    return count_queued();
  }
  if (state_ == State::closed || poll_) {
    poll.finish_poll(HttpOutcome::bad_request, {});
    return end(CloseReason::concurrent_get);
  }
  poll_ = &poll;
  last_poll_ = host_.now();
  flush();
}

void Session::abort_poll(PollRequest& poll) {
  if (poll_ != &poll) return;
  poll_ = nullptr;
  end(CloseReason::polling_disconnect);
}

bool Session::start_post(PostRequest& post) {
  if (state_ != State::closed && !post_) {
    post_ = &post;
    return true;
  }
  post.finish_post(HttpOutcome::bad_request);
  if (state_ == State::open) end(CloseReason::concurrent_post);
  return false;
}

void Session::receive_post(PostRequest& post, MessageKind kind, std::string body) {
  if (post_ != &post) return;
  log_debug(logger_, LogCategory::engineio, "polling request session=", std::uint64_t(id_),
            " payload_bytes=", body.size());
  if (state_ != State::open) return finish_post(HttpOutcome::ok);
  payload_ = framing_.read_body(kind, std::move(body));
  read_payload();
}

void Session::abort_post(PostRequest& post) {
  if (post_ != &post) return;
  post_ = nullptr;
  end(CloseReason::polling_disconnect);
}

void Session::refuse_post(PostRequest& post) {
  if (post_ != &post) return;
  finish_post(HttpOutcome::bad_request);
  if (state_ == State::open) end(CloseReason::wrong_content_type);
}

void Session::release_post(PostRequest& post) {
  if (post_ == &post) post_ = nullptr;
}

void Session::start_probe(WebSocketTransport& probe) {
  assert(is_open() && is_polling() && !probe_);
  probe_ = &probe;
  probe_state_ = Probe::attached;
  upgrade_deadline_ = deadline_after(host_.now(), config_.engine_io.upgrade_timeout);
  arm();
}

void Session::receive_websocket(WebSocketTransport& websocket, MessageKind kind,
                                std::string message) {
  if (&websocket == probe_) return receive_probe(kind, message);
  if (&websocket != websocket_) return;
  if (message.size() > config_.engine_io.max_payload) return receive_oversized(websocket);
  auto received = framing_.read_websocket(kind, std::move(message));
  if (!received) return end(CloseReason::bad_packet);
  receive(std::move(*received));
}

void Session::drain_websocket(WebSocketTransport& websocket) {
  if (&websocket != websocket_) return;
  flush();
  if (outbox_.empty() && websocket.buffered() == 0) observer_->on_drain();
}

void Session::peer_ended(WebSocketTransport& websocket) {
  if (&websocket != websocket_ || state_ != State::open) return;
  last_input_deadline_ = deadline_after(host_.now(), config_.engine_io.ping_timeout);
  arm();
  observer_->on_peer_ended();
}

void Session::websocket_closed(WebSocketTransport& websocket) {
  if (&websocket == probe_) {
    probe_ = nullptr;
    drop_probe();
  } else if (&websocket == websocket_) {
    websocket_ = nullptr;
    end(fault_.value_or(CloseReason::websocket_disconnect));
  }
}

// --- for the owner ---

void Session::on_timer() {
  scheduled_ = never;
  if (state_ == State::closed) return;
  const TimePoint now = host_.now();
  if (overflowed_) return end(CloseReason::slow_consumer);
  if (linger_deadline_ <= now) return end(CloseReason::server_close);
  if (connect_deadline_ <= now) {
    connect_deadline_ = never;
    return close(CloseReason::connect_timeout);
  }
  if (upgrade_deadline_ <= now) {
    log_debug(logger_, LogCategory::engineio, "upgrade timed out session=", std::uint64_t(id_));
    drop_probe();
  }
  if (noop_due_ <= now) {
    noop_due_ = now + noop_interval;
    answer_poll_with(PacketType::noop);
  }
  if (last_input_deadline_ <= now) {
    limits_.reached(Limit::last_input, name());
    return end(CloseReason::websocket_disconnect);
  }
  if (pong_deadline_ <= now) {
    pong_deadline_ = never;
    if (!reading_stopped()) return end(CloseReason::timeout);
  }
  if (ping_due_ <= now) ping(ping_due_);
  if (keepalive_due_ <= now) send_keepalive();
  if (throttled_until_ <= now) {
    throttled_until_ = never;
    continue_reading();
  }
  arm();
}

Session::Queued Session::send_part() {
  if (state_ != State::open || !websocket_) return Queued::none;
  const std::size_t rest = outbox_.bytes() - std::min(outbox_.bytes(), websocket_high_water);
  while (!outbox_.empty() && outbox_.bytes() > rest) send_unit(*websocket_);
  count_queued();
  return outbox_.empty() ? Queued::none : Queued::some;
}

void Session::shut_down() { end(CloseReason::server_shutdown); }

void Session::process_lost() { end(CloseReason::process_lost); }

// --- inside ---

void Session::receive(Received received) {
  spend(received.bytes.size());
  extend_pong_deadline();
  if (received.kind == MessageKind::binary) {
    traffic_.received(received.bytes.size());
    return observer_->on_binary(std::move(received.bytes));
  }
  const auto packet = decode_packet(received.bytes);
  if (!packet) return end(CloseReason::bad_packet);
  receive_packet(*packet);
}

void Session::receive_packet(Packet packet) {
  switch (packet.type) {
    case PacketType::message:
      traffic_.received(packet.data.size());
      observer_->on_text(packet.data);
      return;
    case PacketType::pong:
      return receive_pong();
    case PacketType::ping:
      return receive_ping();
    case PacketType::close:
      finish_post(HttpOutcome::ok);
      end(CloseReason::client_close);
      return;
    case PacketType::open:
      end(CloseReason::bad_packet);
      return;
    case PacketType::upgrade:
    case PacketType::noop:
      return;
  }
}

void Session::spend(std::size_t bytes) {
  const TimePoint now = host_.now();
  if (packet_budget_.full(now) && byte_budget_.full(now)) over_rate_ = false;
  packet_budget_.take(1, now);
  byte_budget_.take(bytes, now);
  const bool packets_spent = packet_budget_.empty(now);
  const bool bytes_spent = byte_budget_.empty(now);
  if (!packets_spent && !bytes_spent) return;
  const Limit limit = packets_spent ? Limit::packet_rate : Limit::byte_rate;
  if (!std::exchange(over_rate_, true)) limits_.reached(limit, name());
  const TimePoint until = std::max(packets_spent ? packet_budget_.ready_at() : now,
                                   bytes_spent ? byte_budget_.ready_at() : now);
  limits_.lasts(limit, until);
  throttle_until(until);
}

void Session::receive_probe(MessageKind kind, std::string_view message) {
  const bool text = kind == MessageKind::text;
  if (text && message == "2probe") {
    log_debug(logger_, LogCategory::engineio, "upgrade probed session=", std::uint64_t(id_));
    // Limits the memory: a client that sends many probes must read the responses.
    if (probe_->buffered() > keeping_up) return drop_probe();
    probe_->send(MessageKind::text, share("3probe"), Compression::declined);
    probe_state_ = Probe::probed;
    noop_due_ = host_.now() + noop_interval;
    answer_poll_with(PacketType::noop);
    arm();
  } else if (text && message == "5" && probe_state_ == Probe::probed) {
    upgrade();
  } else {
    drop_probe();
  }
}

void Session::read_payload() {
  if (!payload_ || reading_payload_) return;
  reading_payload_ = true;
  while (state_ == State::open && !reading_stopped()) {
    if (payload_->at_end()) {
      payload_.reset();
      finish_post(HttpOutcome::ok);
      break;
    }
    auto received = payload_->next();
    if (!received) {
      end(CloseReason::bad_packet);
      break;
    }
    receive(std::move(*received));
  }
  reading_payload_ = false;
  if (state_ != State::open) payload_.reset();
}

void Session::upgrade() {
  websocket_ = std::exchange(probe_, nullptr);
  drop_probe();
  log_debug(logger_, LogCategory::engineio, "upgraded to websocket session=", std::uint64_t(id_));
  answer_poll_with(PacketType::noop);
  if (state_ == State::closing) return end(CloseReason::server_close);
  if (reading_stopped()) websocket_->pause_reading();
  flush();
  upgraded_ = true;
  traffic_.websocket_carries();
  status_.transport = SessionTransport::websocket;
  observer_->on_upgrade();
}

void Session::drop_probe() {
  if (probe_) std::exchange(probe_, nullptr)->close(no_close_code);
  probe_state_ = Probe::none;
  noop_due_ = upgrade_deadline_ = never;
}

void Session::flush() {
  if (websocket_) {
    send_units(*websocket_, websocket_high_water);
  } else if (poll_ && !outbox_.empty()) {
    answer_poll(take_payload());
    if (outbox_.empty()) observer_->on_drain();
  }
  if (outbox_.empty()) lags_ = false;
  if (queued_bytes_ != 0 || !outbox_.empty()) count_queued();
}

void Session::change_kept(std::size_t before, std::size_t now) {
  kept_bytes_ += now - before;  // a decrease wraps around, modulo 2^64
  count_queued();
}

void Session::count_queued() {
  std::size_t now = 0;
  if (state_ != State::closed && !overflowed_) {
    now = outbox_.bytes() + kept_bytes_ + (websocket_ ? websocket_->buffered() : 0);
  }
  if (now == queued_bytes_) return;
  const std::size_t before = std::exchange(queued_bytes_, now);
  queued_total_.change(*this, before, now);
}

void Session::send_units(WebSocketTransport& websocket, std::size_t limit) {
  while (!outbox_.empty() && websocket.buffered() < limit) send_unit(websocket);
}

void Session::send_unit(WebSocketTransport& websocket) {
  outbox_.pop_unit([&](MessageKind kind, SharedBytes bytes, Compression compression) {
    send_on(websocket, kind, std::move(bytes), compression);
  });
}

void Session::send_packet(PacketType type) {
  auto bytes = share(std::string(1, static_cast<char>(type)));
  if (websocket_) {
    // Sent before the queued packets, but never within a unit: units are passed to the WebSocket as
    // a whole.
    websocket_->send(MessageKind::text, std::move(bytes), own_packet.compression);
  } else {
    if (overtakes()) {
      outbox_.push_front(std::move(bytes), own_packet);
    } else {
      outbox_.push(MessageKind::text, std::move(bytes), {}, own_packet);
    }
    flush();
  }
}

bool Session::overtakes() const {
  if (websocket_) return !outbox_.empty();
  const std::size_t most = config_.engine_io.max_packets_per_poll;
  return most != 0 && outbox_.packets() >= most;
}

Payload Session::take_payload() {
  return outbox_.take_payload(framing_, config_.engine_io.max_packets_per_poll);
}

void Session::send_on(WebSocketTransport& websocket, MessageKind kind, const SharedBytes& bytes,
                      Compression compression) {
  if (kind == MessageKind::text) return websocket.send(kind, bytes, compression);
  const Message message = framing_.write_websocket({kind, bytes});
  websocket.send(message.kind, message.bytes, compression);
}

void Session::answer_poll_with(PacketType type) {
  if (!poll_) return;
  const Message packet = packet_of(type);
  answer_poll(framing_.write_body(std::span(&packet, 1)));
}

void Session::answer_poll(Payload payload) {
  if (!poll_) return;
  log_debug(logger_, LogCategory::engineio, "polling response session=", std::uint64_t(id_),
            " payload_bytes=", payload.bytes.size());
  last_poll_ = host_.now();
  std::exchange(poll_, nullptr)->finish_poll(HttpOutcome::ok, std::move(payload));
}

void Session::finish_post(HttpOutcome outcome) {
  if (post_) std::exchange(post_, nullptr)->finish_post(outcome);
}

// Some clients (python-socketio, rust_socketio) stay away after a close packet. When the server
// stops, or its process has died, a noop makes them poll again, which fails, and they reconnect.
// But a JavaScript client that probes a WebSocket takes a noop as the end of polling, and would
// wait for that WebSocket.
PacketType Session::last_of_poll(CloseReason reason) const {
  const bool stops = wants_client_back(reason) && probe_ == nullptr;
  return stops || reason == CloseReason::client_close ? PacketType::noop : PacketType::close;
}

void Session::release_transports(CloseReason reason) {
  finish_post(HttpOutcome::bad_request);
  const PacketType last = last_of_poll(reason);
  drop_probe();
  if (poll_) {
    outbox_.push(MessageKind::text, packet_of(last).bytes, {}, own_packet);
    answer_poll(take_payload());
  }
  if (websocket_) {
    WebSocketTransport& websocket = *std::exchange(websocket_, nullptr);
    if (reason == CloseReason::slow_consumer) {
      websocket.abort();
    } else {
      if (reason != CloseReason::timeout) send_units(websocket, std::string::npos);
      websocket.close(websocket_code(reason));
    }
  }
  outbox_.clear();
}

void Session::end(CloseReason reason) {
  if (state_ == State::closed) return;
  const bool reported = state_ == State::closing;
  state_ = State::closed;
  traffic_.session_closed();
  release_transports(reason);
  count_queued();
  log_debug(logger_, LogCategory::engineio, "session destroyed session=", std::uint64_t(id_),
            " reason=", describe(reason));
  if (!reported) observer_->on_closed(reason);
  host_.session_ended(*this);
}

std::string Session::name() const { return "session " + std::to_string(std::uint64_t(id_)); }

void Session::arm() {
  if (state_ == State::closed) return;
  TimePoint next =
      std::min({ping_due_, keepalive_due_, pong_deadline_, noop_due_, upgrade_deadline_,
                connect_deadline_, linger_deadline_, throttled_until_, last_input_deadline_});
  if (overflowed_) next = host_.now();
  // If a deadline has moved to a later time, the timer stays: one on_timer() that does nothing is
  // cheaper than a call for each change.
  if (next >= scheduled_) return;
  scheduled_ = next;
  host_.schedule(*this, next);
}

}  // namespace sioserve::engine
