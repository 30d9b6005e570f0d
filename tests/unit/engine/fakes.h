// The environment of a session without I/O: a clock that the test sets, and transports that record
// their calls.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "socketio/engine/session.h"

namespace sioserve::engine {

class FakeHost final : public SessionHost {
 public:
  TimePoint now() const override { return now_; }
  void schedule(Session&, TimePoint deadline) override { deadline_ = deadline; }
  void session_ended(Session&) override {
    ended = true;
    deadline_.reset();
  }

  // Advances the time; each timer fires at its exact time.
  void advance(Session& session, Milliseconds duration) {
    const TimePoint end = now_ + duration;
    while (deadline_ && *deadline_ <= end) {
      now_ = std::max(now_, *std::exchange(deadline_, std::nullopt));
      session.on_timer();
    }
    now_ = end;
  }

  // Advances the time without timers.
  void be_late(Milliseconds duration) { now_ += duration; }

  QueuedTotal& queued_total() override { return *total; }

  bool ended = false;
  // Without a limit, unless a test sets another one.
  std::shared_ptr<QueuedTotal> total = std::make_shared<QueuedTotal>(0);

 private:
  TimePoint now_{std::chrono::hours(1)};
  std::optional<TimePoint> deadline_;
};

struct Record {
  std::vector<std::string> messages;  // binary ones as "b:" and the bytes
  int pings = 0;
  int pongs = 0;
  int drains = 0;
  std::optional<CloseReason> closed;
};

class FakeObserver final : public SessionObserver {
 public:
  FakeObserver(Session& session, Record& record) : session_(session), record_(record) {}
  void on_text(std::string_view message) override {
    record_.messages.emplace_back(message);
    if (message == "pause") session_.pause_reading();
    if (message == "close") session_.close(CloseReason::bad_packet);
  }
  void on_binary(std::string message) override { record_.messages.push_back("b:" + message); }
  void on_ping() override { ++record_.pings; }
  void on_pong() override { ++record_.pongs; }
  void on_drain() override { ++record_.drains; }
  void on_closed(CloseReason reason) override { record_.closed = reason; }

 private:
  Session& session_;
  Record& record_;
};

class FakePoll final : public PollRequest {
 public:
  void finish_poll(HttpOutcome result, Payload body) override {
    outcome = result;
    payload = std::move(body.bytes);
    kind = body.kind;
  }
  std::optional<HttpOutcome> outcome;
  std::string payload;
  MessageKind kind = MessageKind::text;
};

class FakePost final : public PostRequest {
 public:
  void finish_post(HttpOutcome result) override { outcome = result; }
  std::optional<HttpOutcome> outcome;
};

class FakeWebSocket final : public WebSocketTransport {
 public:
  void send(MessageKind kind, const SharedBytes& bytes, Compression compression) override {
    if (compression == Compression::declined) declined.push_back(*bytes);
    sent.push_back((kind == MessageKind::binary ? "b:" : "") + *bytes);
    buffered_bytes += bytes->size() * weight;
  }
  std::size_t buffered() const override { return buffered_bytes; }
  void pause_reading() override { paused = true; }
  void resume_reading() override { paused = false; }
  void close(std::uint16_t code) override { close_code = code; }
  void abort() override { aborted = true; }

  std::vector<std::string> sent;
  std::vector<std::string> declined;  // those among them that must not be compressed
  std::size_t buffered_bytes = 0;
  std::size_t weight = 0;  // bytes that stay buffered for each sent byte
  bool paused = false;
  bool aborted = false;
  std::optional<std::uint16_t> close_code;
};

// A started session with the protocol's default times.
struct SessionFixture {
  Config config;
  Logger logger{[](LogRecord) {}};
  Counters counters;
  Limits limits{config, counters, logger};
  FakeHost host;
  Record record;
  const Framing* framing = &framing_v4();
  std::unique_ptr<Session> session;

  SessionFixture() { restart(); }

  // With the current configuration.
  void restart() {
    session =
        std::make_unique<Session>(SessionId{7}, "a-sid", *framing, config, host, logger, limits);
    session->start(std::make_unique<FakeObserver>(*session, record));
    session->stop_connect_timeout();
  }

  void send(std::string text, std::vector<SharedBytes> attachments = {},
            Importance importance = Importance::expendable) {
    session->send(MessageKind::text, share("4" + std::move(text)), attachments, {importance});
  }
  std::string poll() {
    FakePoll request;
    session->start_poll(request);
    if (!request.outcome) session->abort_poll(request);
    return request.payload;
  }
  std::optional<HttpOutcome> post(std::string body) {
    FakePost request;
    if (session->start_post(request))
      session->receive_post(request, MessageKind::text, std::move(body));
    if (!request.outcome) session->release_post(request);
    return request.outcome;
  }
};

}  // namespace sioserve::engine
