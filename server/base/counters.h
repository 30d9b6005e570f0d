// The server's counters: current numbers, totals since the start, and how often something was
// refused, dropped or closed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string_view>

#include "server/base/histogram.h"

namespace sioserve {

enum class Counter : std::size_t {
  // Current numbers:
  sessions,
  polling_sessions,
  sockets,
  namespaces,
  rooms,
  recoverable_sockets,
  redis_connected,  // 1 or 0
  http2_connections,
  http2_streams,
  // Totals since the start:
  sessions_opened,
  sessions_closed,
  packets_in,
  packets_out,
  bytes_in,
  bytes_out,
  events_received,
  acks_received,
  acks_sent,
  emits,
  deliveries,
  sessions_refused,
  address_sessions_refused,
  namespaces_refused,
  dynamic_namespaces_refused,
  rooms_refused,
  messages_too_large,
  attachments_too_many,
  json_too_deep,
  event_names_too_long,
  values_too_many,
  bad_packets,
  sessions_throttled,
  slow_consumers,
  slow_consumers_closed,
  slow_consumers_closed_for_total,
  events_dropped,
  volatile_dropped,
  acks_forgotten,
  acks_unread,
  last_input_dropped,
  relayed,
  relays_too_large,
  relays_over_rate,
  emits_held_up,
  sockets_recovered,
  recoveries_lost,
  redis_published,
  redis_received,
  redis_dropped,
  redis_unconfirmed,
  redis_reconnects,
  cluster_messages_ignored,
  cluster_gaps,
  cluster_messages_missed,
  cluster_requests_refused,
  tls_handshakes,
  tls_handshakes_failed,
  tls_handshakes_delayed,
  http2_streams_refused,
  http2_closed_for_resets,
  http2_closed_for_frames,
  http2_closed_for_headers,
  http2_warned_for_floods,
  connections_used_up,
  event_queues_full,
  first_byte_timeouts,
  header_timeouts,
  body_timeouts,
  keep_alive_timeouts,
  send_timeouts,
  application_timeouts,
  websocket_ping_timeouts,
  tls_handshake_timeouts,
};

inline constexpr std::size_t counter_count =
    static_cast<std::size_t>(Counter::tls_handshake_timeouts) + 1;

// The name for the application.
constexpr const char* name_of(Counter counter) {
  switch (counter) {
    case Counter::sessions:
      return "sessions";
    case Counter::polling_sessions:
      return "polling_sessions";
    case Counter::sockets:
      return "sockets";
    case Counter::namespaces:
      return "namespaces";
    case Counter::rooms:
      return "rooms";
    case Counter::recoverable_sockets:
      return "recoverable_sockets";
    case Counter::redis_connected:
      return "redis_connected";
    case Counter::http2_connections:
      return "http2_connections";
    case Counter::http2_streams:
      return "http2_streams";
    case Counter::sessions_opened:
      return "sessions_opened";
    case Counter::sessions_closed:
      return "sessions_closed";
    case Counter::packets_in:
      return "packets_in";
    case Counter::packets_out:
      return "packets_out";
    case Counter::bytes_in:
      return "bytes_in";
    case Counter::bytes_out:
      return "bytes_out";
    case Counter::events_received:
      return "events_received";
    case Counter::acks_received:
      return "acks_received";
    case Counter::acks_sent:
      return "acks_sent";
    case Counter::emits:
      return "emits";
    case Counter::deliveries:
      return "deliveries";
    case Counter::sessions_refused:
      return "sessions_refused";
    case Counter::address_sessions_refused:
      return "address_sessions_refused";
    case Counter::namespaces_refused:
      return "namespaces_refused";
    case Counter::dynamic_namespaces_refused:
      return "dynamic_namespaces_refused";
    case Counter::rooms_refused:
      return "rooms_refused";
    case Counter::messages_too_large:
      return "messages_too_large";
    case Counter::attachments_too_many:
      return "attachments_too_many";
    case Counter::json_too_deep:
      return "json_too_deep";
    case Counter::event_names_too_long:
      return "event_names_too_long";
    case Counter::values_too_many:
      return "values_too_many";
    case Counter::bad_packets:
      return "bad_packets";
    case Counter::sessions_throttled:
      return "sessions_throttled";
    case Counter::slow_consumers:
      return "slow_consumers";
    case Counter::slow_consumers_closed:
      return "slow_consumers_closed";
    case Counter::slow_consumers_closed_for_total:
      return "slow_consumers_closed_for_total";
    case Counter::events_dropped:
      return "events_dropped";
    case Counter::volatile_dropped:
      return "volatile_dropped";
    case Counter::acks_forgotten:
      return "acks_forgotten";
    case Counter::acks_unread:
      return "acks_unread";
    case Counter::last_input_dropped:
      return "last_input_dropped";
    case Counter::relayed:
      return "relayed";
    case Counter::relays_too_large:
      return "relays_too_large";
    case Counter::relays_over_rate:
      return "relays_over_rate";
    case Counter::emits_held_up:
      return "emits_held_up";
    case Counter::sockets_recovered:
      return "sockets_recovered";
    case Counter::recoveries_lost:
      return "recoveries_lost";
    case Counter::redis_published:
      return "redis_published";
    case Counter::redis_received:
      return "redis_received";
    case Counter::redis_dropped:
      return "redis_dropped";
    case Counter::redis_unconfirmed:
      return "redis_unconfirmed";
    case Counter::redis_reconnects:
      return "redis_reconnects";
    case Counter::cluster_messages_ignored:
      return "cluster_messages_ignored";
    case Counter::cluster_gaps:
      return "cluster_gaps";
    case Counter::cluster_messages_missed:
      return "cluster_messages_missed";
    case Counter::cluster_requests_refused:
      return "cluster_requests_refused";
    case Counter::tls_handshakes:
      return "tls_handshakes";
    case Counter::tls_handshakes_failed:
      return "tls_handshakes_failed";
    case Counter::tls_handshakes_delayed:
      return "tls_handshakes_delayed";
    case Counter::http2_streams_refused:
      return "http2_streams_refused";
    case Counter::http2_closed_for_resets:
      return "http2_closed_for_resets";
    case Counter::http2_closed_for_frames:
      return "http2_closed_for_frames";
    case Counter::http2_closed_for_headers:
      return "http2_closed_for_headers";
    case Counter::http2_warned_for_floods:
      return "http2_warned_for_floods";
    case Counter::connections_used_up:
      return "connections_used_up";
    case Counter::event_queues_full:
      return "event_queues_full";
    case Counter::first_byte_timeouts:
      return "first_byte_timeouts";
    case Counter::header_timeouts:
      return "header_timeouts";
    case Counter::body_timeouts:
      return "body_timeouts";
    case Counter::keep_alive_timeouts:
      return "keep_alive_timeouts";
    case Counter::send_timeouts:
      return "send_timeouts";
    case Counter::application_timeouts:
      return "application_timeouts";
    case Counter::websocket_ping_timeouts:
      return "websocket_ping_timeouts";
    case Counter::tls_handshake_timeouts:
      return "tls_handshake_timeouts";
  }
  __builtin_unreachable();
}

// Lives on the I/O thread.
class Counters {
 public:
  Counters() = default;
  Counters(const Counters&) = delete;
  Counters& operator=(const Counters&) = delete;

  void add(Counter counter, std::uint64_t amount = 1) { value(counter) += amount; }
  void subtract(Counter counter, std::uint64_t amount = 1) { value(counter) -= amount; }
  std::uint64_t get(Counter counter) const { return values_[static_cast<std::size_t>(counter)]; }
  // By Counter.
  std::span<const std::uint64_t> all() const { return values_; }

  // `reason`: a literal.
  void count_close(std::string_view reason) { ++closes_[reason]; }
  // Ended sessions, by the reason.
  const std::map<std::string_view, std::uint64_t>& closes() const { return closes_; }
  Histogram& ping_round_trips() { return ping_round_trips_; }
  const Histogram& ping_round_trips() const { return ping_round_trips_; }

 private:
  std::uint64_t& value(Counter counter) { return values_[static_cast<std::size_t>(counter)]; }

  std::array<std::uint64_t, counter_count> values_{};
  std::map<std::string_view, std::uint64_t> closes_;
  Histogram ping_round_trips_{latency_bounds};
};

}  // namespace sioserve
