// The counters of Socket.IO and of the cluster as metrics.
#include <cstddef>
#include <variant>

#include "server/metrics/server_metrics.h"

namespace sioserve::metrics {
namespace {

constexpr Family sessions{"sioserve_socketio_sessions", Kind::gauge,
                          "Open Engine.IO sessions, by their transport."};
constexpr Family limits{"sioserve_limit_reached", Kind::counter,
                        "How often a limit was reached, by the name that counts() has for it."};
constexpr Family closes{"sioserve_socketio_session_closes", Kind::counter,
                        "Ends of Engine.IO sessions, by the reason."};
constexpr Family round_trips{"sioserve_socketio_ping_round_trip_seconds", Kind::histogram,
                             "Time from a ping of Engine.IO to its pong."};

struct IsSession {};  // a part of `sessions`
struct IsLimit {};    // one of `limits`
using Meaning = std::variant<Family, IsSession, IsLimit>;

Meaning meaning_of(Counter counter) {
  switch (counter) {
    case Counter::sessions:
    case Counter::polling_sessions:
      return IsSession{};
    case Counter::sockets:
      return Family{"sioserve_socketio_sockets", Kind::gauge,
                    "Connections of clients to namespaces."};
    case Counter::namespaces:
      return Family{"sioserve_socketio_namespaces", Kind::gauge, "Namespaces."};
    case Counter::rooms:
      return Family{"sioserve_socketio_rooms", Kind::gauge, "Rooms with a member."};
    case Counter::recoverable_sockets:
      return Family{"sioserve_socketio_recoverable_sockets", Kind::gauge,
                    "Disconnected clients that may be recovered."};
    case Counter::redis_connected:
      return Family{"sioserve_redis_connected", Kind::gauge,
                    "1 while the server is connected to Redis and subscribed."};
    case Counter::http2_connections:
      return Family{"sioserve_http2_connections", Kind::gauge, "Open connections with HTTP/2."};
    case Counter::http2_streams:
      return Family{"sioserve_http2_streams", Kind::gauge,
                    "Requests and WebSockets of connections with HTTP/2."};
    case Counter::sessions_opened:
      return Family{"sioserve_socketio_sessions_opened", Kind::counter, "Handshakes of Engine.IO."};
    case Counter::sessions_closed:
      return Family{"sioserve_socketio_sessions_closed", Kind::counter,
                    "Ends of Engine.IO sessions."};
    case Counter::packets_in:
      return Family{"sioserve_socketio_messages_received", Kind::counter,
                    "Messages of Engine.IO from clients, without heartbeats."};
    case Counter::packets_out:
      return Family{"sioserve_socketio_messages_sent", Kind::counter,
                    "Messages of Engine.IO to clients, without heartbeats."};
    case Counter::bytes_in:
      return Family{"sioserve_socketio_received_bytes", Kind::counter,
                    "Bytes of the messages from clients, before compression."};
    case Counter::bytes_out:
      return Family{"sioserve_socketio_sent_bytes", Kind::counter,
                    "Bytes of the messages to clients, before compression."};
    case Counter::events_received:
      return Family{"sioserve_socketio_events_received", Kind::counter,
                    "Events of clients for handlers."};
    case Counter::acks_received:
      return Family{"sioserve_socketio_acks_received", Kind::counter,
                    "Acknowledgements of clients that somebody has waited for."};
    case Counter::acks_sent:
      return Family{"sioserve_socketio_acks_sent", Kind::counter,
                    "Acknowledgements of handlers to clients."};
    case Counter::emits:
      return Family{"sioserve_socketio_emits", Kind::counter,
                    "Events that the application has emitted, to one or many clients."};
    case Counter::deliveries:
      return Family{"sioserve_socketio_deliveries", Kind::counter,
                    "Events emitted and relayed, counted once for each client that they are for."};
    case Counter::relayed:
      return Family{"sioserve_socketio_relayed_events", Kind::counter,
                    "Events of clients that were relayed without Python."};
    case Counter::sockets_recovered:
      return Family{"sioserve_socketio_recoveries", Kind::counter,
                    "Clients that were recovered after a lost connection."};
    case Counter::bad_packets:
      return Family{"sioserve_socketio_bad_packets", Kind::counter,
                    "Packets of clients that break the protocol."};
    case Counter::volatile_dropped:
      return Family{"sioserve_socketio_volatile_dropped", Kind::counter,
                    "Volatile events that were dropped, because the client was not ready."};
    case Counter::redis_published:
      return Family{"sioserve_redis_published_messages", Kind::counter,
                    "Messages written to Redis."};
    case Counter::redis_received:
      return Family{"sioserve_redis_received_messages", Kind::counter,
                    "Messages of subscribed channels."};
    case Counter::redis_dropped:
      return Family{"sioserve_redis_dropped_messages", Kind::counter,
                    "Messages that were not sent: Redis was away, did not keep up, or refused "
                    "them."};
    case Counter::redis_unconfirmed:
      return Family{"sioserve_redis_unconfirmed_messages", Kind::counter,
                    "Messages that Redis may not have got, because the connection was lost."};
    case Counter::redis_reconnects:
      return Family{"sioserve_redis_reconnects", Kind::counter,
                    "How often the server was connected again after Redis was away."};
    case Counter::cluster_messages_ignored:
      return Family{"sioserve_cluster_messages_ignored", Kind::counter,
                    "Messages of other servers that could not be used."};
    case Counter::cluster_gaps:
      return Family{"sioserve_cluster_gaps", Kind::counter,
                    "How often messages of another server did not follow each other."};
    case Counter::cluster_messages_missed:
      return Family{"sioserve_cluster_missed_messages", Kind::counter,
                    "Messages of other servers that are missing in these gaps."};
    case Counter::cluster_requests_refused:
      return Family{"sioserve_cluster_requests_refused", Kind::counter,
                    "Requests to the other servers that were refused: too many are open."};
    case Counter::tls_handshakes:
      return Family{"sioserve_tls_handshakes", Kind::counter, "Handshakes of TLS that succeeded."};
    case Counter::tls_handshakes_failed:
      return Family{"sioserve_tls_failed_handshakes", Kind::counter,
                    "Handshakes of TLS that failed."};
    case Counter::sessions_refused:
    case Counter::address_sessions_refused:
    case Counter::namespaces_refused:
    case Counter::dynamic_namespaces_refused:
    case Counter::rooms_refused:
    case Counter::messages_too_large:
    case Counter::attachments_too_many:
    case Counter::json_too_deep:
    case Counter::event_names_too_long:
    case Counter::values_too_many:
    case Counter::sessions_throttled:
    case Counter::slow_consumers:
    case Counter::slow_consumers_closed:
    case Counter::slow_consumers_closed_for_total:
    case Counter::events_dropped:
    case Counter::acks_forgotten:
    case Counter::acks_unread:
    case Counter::last_input_dropped:
    case Counter::relays_too_large:
    case Counter::relays_over_rate:
    case Counter::emits_held_up:
    case Counter::recoveries_lost:
    case Counter::tls_handshakes_delayed:
    case Counter::http2_streams_refused:
    case Counter::http2_closed_for_resets:
    case Counter::http2_closed_for_frames:
    case Counter::http2_closed_for_headers:
    case Counter::http2_warned_for_floods:
    case Counter::connections_used_up:
    case Counter::event_queues_full:
    case Counter::first_byte_timeouts:
    case Counter::header_timeouts:
    case Counter::body_timeouts:
    case Counter::keep_alive_timeouts:
    case Counter::send_timeouts:
    case Counter::application_timeouts:
    case Counter::websocket_ping_timeouts:
    case Counter::tls_handshake_timeouts:
      return IsLimit{};
  }
  __builtin_unreachable();
}

}  // namespace

void write_counters(Exposition& page, const Counters& counters, const ServerFigures& figures) {
  const std::uint64_t polling = counters.get(Counter::polling_sessions);
  page.begin(sessions);
  page.sample({{"transport", "polling"}}, polling);
  page.sample({{"transport", "websocket"}}, counters.get(Counter::sessions) - polling);
  for (std::size_t i = 0; i < counter_count; ++i) {
    const Meaning meaning = meaning_of(Counter{i});
    const Family* const family = std::get_if<Family>(&meaning);
    if (family == nullptr) continue;
    page.begin(*family);
    page.sample({}, counters.get(Counter{i}));
  }
  page.begin(limits);
  for (std::size_t i = 0; i < counter_count; ++i) {
    if (!std::holds_alternative<IsLimit>(meaning_of(Counter{i}))) continue;
    page.sample({{"limit", name_of(Counter{i})}}, counters.get(Counter{i}));
  }
  page.sample({{"limit", "connections"}}, figures.connections_refused);
  page.sample({{"limit", "connections_per_address"}}, figures.address_connections_refused);
  page.sample({{"limit", "concurrency"}}, figures.requests_refused);
  page.begin(closes);
  for (const auto& [reason, count] : counters.closes()) page.sample({{"reason", reason}}, count);
  page.begin(round_trips);
  page.sample({}, counters.ping_round_trips());
}

}  // namespace sioserve::metrics
