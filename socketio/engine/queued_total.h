// What waits for the clients of all sessions together. When that is more than it may be, those for
// which the most waits are closed as slow consumers, one after the other.
//
// A sum is kept, and who waits; the largest is looked for only when a session has to go. Lives on
// the sessions' thread, and outlives them.
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

  // So much waits for a session now. May call drop_slow_consumer() of any.
  void change(Session& session, std::size_t before, std::size_t now);

  std::size_t bytes() const { return bytes_; }

 private:
  void enforce_limit();

  const std::size_t most_;
  std::size_t bytes_ = 0;
  std::unordered_set<Session*> waiting_;  // those for which anything waits
};

}  // namespace sioserve::engine
