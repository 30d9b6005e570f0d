// The environment of an Engine.IO session, which checks the contracts in session.h and
// transports.h: no transport is used after its release, all are released at the end, nothing is
// called after the last callback, and messages arrive in order, without a gap and only once.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/counters.h"
#include "socketio/engine/session.h"
#include "socketio/limits/limits.h"

namespace sioserve::fuzz {

// The messages sent to the client, and those that have arrived.
class Delivery {
 public:
  explicit Delivery(const engine::Framing& framing) : framing_(framing) {}
  void sent(std::string_view text, const std::vector<SharedBytes>& attachments);
  // Arrived on a WebSocket.
  void arrived(MessageKind kind, const std::string& bytes);
  // Arrived in the response to a poll.
  void arrived_payload(engine::Payload payload);

 private:
  void take(const engine::Received& received);

  const engine::Framing& framing_;
  std::deque<std::string> expected_;  // prefixed with 't' or 'b'
};

class Poll final : public engine::PollRequest {
 public:
  explicit Poll(Delivery& delivery) : delivery_(delivery) {}
  void finish_poll(engine::HttpOutcome outcome, engine::Payload payload) override;
  bool released = false;

 private:
  Delivery& delivery_;
};

class Post final : public engine::PostRequest {
 public:
  void finish_post(engine::HttpOutcome outcome) override;
  bool released = false;
};

class WebSocket final : public engine::WebSocketTransport {
 public:
  explicit WebSocket(Delivery& delivery) : delivery_(delivery) {}
  void send(MessageKind kind, const SharedBytes& bytes, Compression compression) override;
  std::size_t buffered() const override { return buffered_; }
  void pause_reading() override;
  void resume_reading() override;
  void close(std::uint16_t code) override;
  void abort() override;

  void drain() { buffered_ = 0; }
  bool released = false;
  bool paused = false;

 private:
  Delivery& delivery_;
  std::size_t buffered_ = 0;
};

// One session with its transports and application. The methods are possible actions of clients, of
// the application and of time; actions that are not possible at the moment have no effect.
class SessionWorld final : public engine::SessionHost {
 public:
  SessionWorld(const Config& config, const engine::Framing& framing);

  void start_poll();
  void abort_poll();
  // Null: refused.
  Post* start_post();
  void receive_post(MessageKind kind, std::string body);
  void post(MessageKind kind, std::string body);
  void abort_post();
  void release_post();
  void open_websocket();
  void start_probe();
  void receive(MessageKind kind, std::string message);
  void close_websocket();
  void drain_websocket();

  void send(std::string text, std::vector<SharedBytes> attachments);
  engine::Session& session() { return *session_; }

  void advance(Milliseconds duration);
  // The client sends nothing more, until the session times out.
  void vanish();

  bool over() const { return ended_; }
  bool was_paused() const { return was_paused_; }
  // The messages that the application got, and the close reason.
  const std::string& story() const { return story_; }

  TimePoint now() const override { return now_; }
  void schedule(engine::Session& session, TimePoint deadline) override;
  void session_ended(engine::Session& session) override;
  engine::QueuedTotal& queued_total() override { return queued_total_; }

 private:
  friend class Observer;

  bool takes_requests() const;
  void hand_over(Post& post, MessageKind kind, std::string body);
  WebSocket* current_websocket();

  Config config_;
  const engine::Framing& framing_;
  Logger logger_{[](LogRecord) {}};
  Counters counters_;
  Limits limits_{config_, counters_, logger_};
  TimePoint now_{std::chrono::hours(1)};
  std::optional<TimePoint> deadline_;
  Delivery delivery_;
  std::vector<std::unique_ptr<Poll>> polls_;
  std::vector<std::unique_ptr<Post>> posts_;
  std::vector<std::unique_ptr<WebSocket>> websockets_;
  std::string story_;
  bool closed_ = false;
  bool ended_ = false;
  bool was_paused_ = false;
  engine::QueuedTotal queued_total_{10'000};
  std::unique_ptr<engine::Session> session_;
};

}  // namespace sioserve::fuzz
