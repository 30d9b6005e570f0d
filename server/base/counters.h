// What the server counts: how many of something there are, and how often something was refused,
// dropped or closed since the start.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace sioserve {

enum class Counter : std::size_t {
  // There are now:
  sessions,
  sockets,
  namespaces,
  rooms,
  recoverable_sockets,
  // Since the start:
  sessions_refused,
  address_sessions_refused,
  namespaces_refused,
  dynamic_namespaces_refused,
  rooms_refused,
  messages_too_large,
  attachments_too_many,
  json_too_deep,
  event_names_too_long,
  bad_packets,
  sessions_throttled,
  slow_consumers_closed,
  packets_dropped,
  volatile_dropped,
  acks_forgotten,
  sockets_recovered,
  recoveries_lost,
};

// Under which names the application gets them; in the order of Counter.
inline constexpr std::array<const char*, 22> counter_names = {
    "sessions",
    "sockets",
    "namespaces",
    "rooms",
    "recoverable_sockets",
    "sessions_refused",
    "address_sessions_refused",
    "namespaces_refused",
    "dynamic_namespaces_refused",
    "rooms_refused",
    "messages_too_large",
    "attachments_too_many",
    "json_too_deep",
    "event_names_too_long",
    "bad_packets",
    "sessions_throttled",
    "slow_consumers_closed",
    "packets_dropped",
    "volatile_dropped",
    "acks_forgotten",
    "sockets_recovered",
    "recoveries_lost",
};
static_assert(counter_names.size() == static_cast<std::size_t>(Counter::recoveries_lost) + 1);

// Changed by the I/O thread, read by any thread; each value is right by itself.
class Counters {
 public:
  Counters() = default;
  Counters(const Counters&) = delete;
  Counters& operator=(const Counters&) = delete;

  void add(Counter counter, std::uint64_t amount = 1) {
    slot(counter).fetch_add(amount, std::memory_order_relaxed);
  }
  void subtract(Counter counter, std::uint64_t amount = 1) {
    slot(counter).fetch_sub(amount, std::memory_order_relaxed);
  }
  std::uint64_t get(Counter counter) const {
    return values_[static_cast<std::size_t>(counter)].load(std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint64_t>& slot(Counter counter) {
    return values_[static_cast<std::size_t>(counter)];
  }

  std::array<std::atomic<std::uint64_t>, counter_names.size()> values_{};
};

}  // namespace sioserve
