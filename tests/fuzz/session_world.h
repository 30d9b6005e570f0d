// What surrounds an Engine.IO session, as strict as the contracts in session.h and transports.h:
// no transport is used after its release, everything is released at the end, nothing is called
// after the last callback, and messages arrive in order, without a gap, none twice.
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

// What has been sent to the client, and what of it has come.
class Delivery {
 public:
  explicit Delivery(const engine::Framing& framing) : framing_(framing) {}
  void sent(std::string_view text, const std::vector<SharedBytes>& attachments);
  // On a WebSocket.
  void arrived(MessageKind kind, const std::string& bytes);
  // As the answer to a poll.
  void arrived_payload(engine::Payload payload);

 private:
  void take(const engine::Received& received);

  const engine::Framing& framing_;
  std::deque<std::string> expected_;  // with a 't' or a 'b' in front
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

// One session, and everybody who has to do with it. The methods are what clients, the application
// and time can do; those that are not possible at the moment do nothing.
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
  // A client that does nothing more loses its session.
  void vanish();

  bool over() const { return ended_; }
  bool was_paused() const { return was_paused_; }
  // What the application got, and why the session ended.
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
