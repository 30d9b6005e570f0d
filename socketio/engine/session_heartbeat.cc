// The heartbeat of a Session. In protocol 4 the server sends pings and the client must answer each
// with a pong; in protocol 3 the client sends pings, so the server always waits for one. While a
// client is not read, the server still sends packets that keep the connection alive.
#include <algorithm>
#include <chrono>
#include <utility>

#include "server/base/log_debug.h"
#include "socketio/engine/session.h"

namespace sioserve::engine {
namespace {

// How late timers normally fire.
constexpr Milliseconds usual_lateness{100};

}  // namespace

void Session::start_heartbeat() {
  switch (framing_.protocol()) {
    case Protocol::v4:
      ping_due_ = deadline_after(host_.now(), config_.engine_io.ping_interval);
      return;
    case Protocol::v3:
      awaits_pong_ = true;
      pong_deadline_ = heartbeat_deadline(host_.now());
      return;
  }
}

TimePoint Session::heartbeat_deadline(TimePoint start) const {
  if (framing_.protocol() == Protocol::v3) {
    start = deadline_after(start, config_.engine_io.ping_interval);
  }
  return deadline_after(start, config_.engine_io.ping_timeout);
}

void Session::receive_pong() {
  if (framing_.protocol() == Protocol::v3) return end(CloseReason::wrong_heartbeat);
  log_debug(logger_, LogCategory::engineio, "pong received session=", std::uint64_t(id_));
  awaits_pong_ = false;
  pong_deadline_ = keepalive_due_ = never;
  start_heartbeat();
  arm();
  // Only the last of several pongs answers the latest ping.
  if (unanswered_pings_ == 0 || --unanswered_pings_ > 0) return;
  note_latency();
  observer_->on_pong();
}

// A slow client's pong may be behind a large message, so input extends the deadline, but only once
// for each ping: a client that keeps sending without a pong is broken.
void Session::extend_pong_deadline() {
  if (framing_.protocol() == Protocol::v3 || pong_deadline_ == never) return;
  if (!std::exchange(pong_prolonged_, true)) pong_deadline_ = heartbeat_deadline(host_.now());
}

void Session::receive_ping() {
  if (framing_.protocol() == Protocol::v4) return end(CloseReason::wrong_heartbeat);
  log_debug(logger_, LogCategory::engineio, "ping received session=", std::uint64_t(id_));
  keepalive_due_ = never;
  start_heartbeat();
  arm();
  // The client decides how many pongs there are, so they count as queued bytes.
  send(MessageKind::text, share(std::string(1, static_cast<char>(PacketType::pong))), {},
       {Importance::required, Compression::declined});
}

// The timeout starts when the ping was due, so late timers do not extend it, unless the whole
// process was stopped.
void Session::ping(TimePoint due) {
  log_debug(logger_, LogCategory::engineio, "ping sent session=", std::uint64_t(id_));
  ping_due_ = never;
  awaits_pong_ = true;
  pong_prolonged_ = false;
  ++unanswered_pings_;
  ping_sent_ = host_.now();
  if (reading_stopped()) {
    keepalive_due_ = deadline_after(ping_sent_, keepalive_interval());
  } else {
    pong_deadline_ = heartbeat_deadline(std::max(due, ping_sent_ - usual_lateness));
  }
  if (!overtakes()) observer_->on_ping();
  send_packet(PacketType::ping);
}

// While a client is not read, it still expects packets from the server: the next ping in protocol
// 4, any packet after its own ping in protocol 3.
void Session::send_keepalive() {
  keepalive_due_ = never;
  if (!reading_stopped()) return;
  if (stopped_polling()) return end(CloseReason::timeout);
  switch (framing_.protocol()) {
    case Protocol::v4:
      return ping(host_.now());
    case Protocol::v3:
      keepalive_due_ = deadline_after(host_.now(), keepalive_interval());
      return send_packet(PacketType::noop);
  }
}

// A polling client is connected while it has a GET waiting, or if it sends the next one in time.
bool Session::stopped_polling() const {
  if (!is_polling() || poll_) return false;
  return deadline_after(last_poll_, config_.engine_io.ping_timeout) <= host_.now();
}

Milliseconds Session::keepalive_interval() const {
  switch (framing_.protocol()) {
    case Protocol::v4:
      return config_.engine_io.ping_interval;
    case Protocol::v3:
      return config_.engine_io.ping_timeout / 2;
  }
  __builtin_unreachable();
}

void Session::ask_for_pong() {
  if (state_ != State::open || overflowed_ || awaits_pong_) return;
  ping(host_.now());
  arm();
}

void Session::note_latency() {
  using std::chrono::microseconds;
  status_.latency = std::chrono::duration_cast<microseconds>(host_.now() - ping_sent_);
  limits_.counters().ping_round_trips().observe(*status_.latency);
}

}  // namespace sioserve::engine
