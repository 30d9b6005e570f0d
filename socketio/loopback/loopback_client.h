// A client in this process: an Engine.IO session on a WebSocket that consists of two queues. It
// answers pings immediately and reads everything.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/base/bytes.h"
#include "server/base/clock.h"
#include "server/port/ids.h"
#include "socketio/engine/session.h"
#include "socketio/engine/transports.h"
#include "socketio/server/server.h"

namespace sioserve::socketio {

// A Socket.IO message without Engine.IO's packet type.
struct LoopbackMessage {
  MessageKind kind;
  std::string data;
};

// Lives on the same thread as its LoopbackServer. `now` is the server's clock.
class LoopbackClient final : engine::SessionHost, engine::WebSocketTransport {
 public:
  LoopbackClient(SessionId id, Server& server, const TimePoint& now, Limits& limits);

  bool is_open() const { return session_.is_open(); }
  // The messages that the server has sent since the last call.
  std::vector<LoopbackMessage> take_sent() { return std::exchange(sent_, {}); }
  // A message from the client; queued here while the session is not read.
  void receive(LoopbackMessage message);
  // The client disconnects without a close packet.
  void leave();
  // Reads queued messages and handles expired timeouts. Call it after every change.
  void advance();
  // No timeout expires before this.
  TimePoint deadline() const { return deadline_.value_or(TimePoint::max()); }

 private:
  TimePoint now() const override { return now_; }
  void schedule(engine::Session& session, TimePoint deadline) override;
  void session_ended(engine::Session& session) override;
  engine::QueuedTotal& queued_total() override { return queued_total_; }

  void send(MessageKind kind, const SharedBytes& bytes, Compression compression) override;
  std::size_t buffered() const override { return 0; }
  void pause_reading() override { paused_ = true; }
  void resume_reading() override { paused_ = false; }
  void close(std::uint16_t) override {}
  void abort() override {}

  const TimePoint& now_;
  std::optional<TimePoint> deadline_;
  std::deque<LoopbackMessage> inbox_;
  std::vector<LoopbackMessage> sent_;
  bool paused_ = false;
  bool pinged_ = false;
  engine::QueuedTotal queued_total_{0};  // without a limit: sent_ takes everything
  engine::Session session_;
};

}  // namespace sioserve::socketio
