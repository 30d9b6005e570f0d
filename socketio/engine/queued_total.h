// The bytes that are queued for the clients of all sessions together. When they exceed the limit,
// the session with the most queued bytes is closed as a slow consumer, then the next one.
//
// Keeps the sum and the sessions with queued bytes. The largest is searched only when a session
// must be closed. Lives on the sessions' thread, and outlives them.
#pragma once

#include <cstddef>
#include <unordered_set>

namespace sioserve::engine {

class Session;

class QueuedTotal {
 public:
  // `most`: bytes; 0: no limit.
  explicit QueuedTotal(std::size_t most) : most_(most) {}
  QueuedTotal(const QueuedTotal&) = delete;
  QueuedTotal& operator=(const QueuedTotal&) = delete;

  // The queued bytes of a session have changed. May call drop_slow_consumer() of any session.
  void change(Session& session, std::size_t before, std::size_t now);

  std::size_t bytes() const { return bytes_; }

 private:
  void enforce_limit();

  const std::size_t most_;
  std::size_t bytes_ = 0;
  std::unordered_set<Session*> waiting_;  // sessions with queued bytes
};

}  // namespace sioserve::engine
