// Owns the Engine.IO sessions, finds them by sid, and runs their timers. Lives on the I/O thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "server/base/clock.h"
#include "server/base/config.h"
#include "server/base/http_values.h"
#include "server/base/logger.h"
#include "server/base/timer_wheel.h"
#include "server/transport/session_quota.h"
#include "socketio/engine/session.h"
#include "socketio/limits/limits.h"

namespace sioserve::transport {

// Null: none.
using SharedHeaders = std::shared_ptr<const Headers>;

class SessionTable final : private engine::SessionHost {
 public:
  SessionTable(const Config& config, const Logger& logger, Limits& limits,
               std::function<TimePoint()> clock);

  // A session that is served on this path only. The caller calls Session::start().
  engine::Session& create(SessionId id, std::string sid, std::string mount_path,
                          engine::SharedFraming framing, SessionQuota::Place place);

  // Null if the sid is unknown on this path.
  engine::Session* find(const std::string& sid, std::string_view path) const;
  // The same, after it has handled the session's expired timeouts, which advance() does a little
  // later: a request must not reach a session that has expired. Not from within a callback of a
  // session.
  engine::Session* find_in_time(const std::string& sid, std::string_view path);

  // Headers of the application for all responses to a session's requests.
  void set_headers(SessionId session, Headers headers);
  SharedHeaders headers_of(SessionId session) const;

  std::size_t size() const { return entries_.size(); }

  // Not from within a callback of a session.
  void advance(TimePoint now);
  // When the next timeout may expire, at most `limit`.
  TimePoint next_advance(TimePoint limit) const { return timers_.next_advance(limit); }
  // Ends sessions while there is time left, as `time_left` says after each of them and after each
  // part of what is queued for one. False: some are left.
  bool shut_down_while(const std::function<bool()>& time_left);
  // The Python process of these sessions has died: their clients shall come back.
  void process_lost(const std::unordered_set<SessionId>& sessions);

 private:
  struct Owned {
    engine::SharedFraming framing;  // the session refers to it
    std::unique_ptr<engine::Session> session;
  };
  struct Entry {
    Owned owned;
    std::string mount_path;
    SessionQuota::Place place;
  };

  TimePoint now() const override { return clock_(); }
  void schedule(engine::Session& session, TimePoint deadline) override;
  void session_ended(engine::Session& session) override;
  engine::QueuedTotal& queued_total() override { return queued_total_; }

  const Config& config_;
  const Logger& logger_;
  Limits& limits_;
  std::function<TimePoint()> clock_;
  engine::QueuedTotal queued_total_;
  std::unordered_map<std::string, Entry> entries_;
  std::unordered_map<SessionId, SharedHeaders> headers_;  // of sessions that have some
  // Destroyed at the next advance(), because sessions end within their own functions.
  std::vector<Owned> ended_;
  TimerWheel<engine::Session*> timers_;
};

// The path without a final slash: "/socket.io" and "/socket.io/" are the same mount path.
std::string_view mount_path_of(std::string_view path);

}  // namespace sioserve::transport
