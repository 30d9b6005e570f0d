// The Socket.IO server without network and without a thread, for tests of applications: namespaces,
// rooms, acknowledgements and Engine.IO sessions are the real ones; its clients are in the process.
//
// A command is carried out when it is posted. Events for the application are queued for
// take_events(), packets for clients for take_sent(). Time passes only in advance(). Calls must not
// overlap: in Python, the GIL ensures that.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "server/base/config.h"
#include "server/base/counters.h"
#include "server/port/event_sink.h"
#include "server/port/port.h"
#include "socketio/limits/limits.h"
#include "socketio/loopback/loopback_client.h"
#include "socketio/server/server.h"

namespace sioserve::socketio {

class LoopbackServer final : public Port, EventSink {
 public:
  // `wake` is called, within other calls, when there may be new events or packets to take.
  LoopbackServer(Config config, std::function<void()> wake);

  // Commands for other subsystems than Socket.IO do nothing.
  void post(Command&& command) override;
  // The answer is available when it returns.
  QuestionId ask(Question question) override;
  port::Answers& answers() override { return answers_; }
  // Commands are carried out immediately, so the queue is never full.
  bool is_overloaded(std::chrono::milliseconds) const override { return false; }
  void wait_for_space(std::chrono::milliseconds) override {}
  bool notify_of_space() override { return false; }
  void take_events(std::vector<Event>& batch) override;
  Logger& logger() override { return logger_; }
  const Config& config() const override { return config_; }

  // Calls `wake`.
  void wake() { wake_(); }

  // A client opens a session. The application already has its scope.
  SessionId open_session();
  // A message from the client.
  void receive(SessionId session, LoopbackMessage message);
  // The messages that the client has received since the last call.
  std::vector<LoopbackMessage> take_sent(SessionId session);
  // False if either side has closed it.
  bool is_open(SessionId session) const;
  // The client disconnects without a close packet. Its id is invalid after that.
  void close_session(SessionId session);
  // Advances the time; each timer fires at its exact time.
  void advance(Milliseconds duration);

 private:
  void push(Event event) override { events_.push_back(std::move(event)); }
  bool full(StreamId) const override { return too_many_events(); }
  bool log_lines_full() const override { return too_many_events(); }
  bool too_many_events() const { return events_.size() >= config_.max_app_events; }

  void settle();

  const Config config_;
  const std::function<void()> wake_;
  std::vector<Event> events_;
  port::Answers answers_;
  Logger logger_;
  Counters counters_;
  Limits limits_;
  Server server_;
  TimePoint now_{std::chrono::hours(1)};
  std::uint64_t last_session_ = 0;
  std::unordered_map<SessionId, std::unique_ptr<LoopbackClient>> clients_;
};

}  // namespace sioserve::socketio
