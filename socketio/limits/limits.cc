#include "socketio/limits/limits.h"

#include <algorithm>
#include <utility>

namespace sioserve {
namespace {

struct Facts {
  Counter counter;
  LogCategory category;
  const char* option;
};

Facts facts_of(Limit limit) {
  switch (limit) {
    case Limit::sessions:
      return {Counter::sessions_refused, LogCategory::engineio, "--socketio-max-sessions"};
    case Limit::sessions_per_address:
      return {Counter::address_sessions_refused, LogCategory::engineio,
              "--socketio-max-sessions-per-address"};
    case Limit::payload:
      return {Counter::messages_too_large, LogCategory::engineio, "--socketio-max-payload"};
    case Limit::attachments:
      return {Counter::attachments_too_many, LogCategory::socketio, "--socketio-max-attachments"};
    case Limit::json_depth:
      return {Counter::json_too_deep, LogCategory::socketio, "--socketio-max-depth"};
    case Limit::event_name:
      return {Counter::event_names_too_long, LogCategory::socketio, "--socketio-max-event-name"};
    case Limit::values:
      return {Counter::values_too_many, LogCategory::socketio, "--socketio-max-payload"};
    case Limit::packet_rate:
      return {Counter::sessions_throttled, LogCategory::engineio, "--socketio-max-packet-rate"};
    case Limit::byte_rate:
      return {Counter::sessions_throttled, LogCategory::engineio, "--socketio-max-byte-rate"};
    case Limit::queued_bytes:
      return {Counter::slow_consumers_closed, LogCategory::engineio, "--socketio-max-queued"};
    case Limit::queued_total:
      return {Counter::slow_consumers_closed_for_total, LogCategory::engineio,
              "--socketio-max-queued-total"};
    case Limit::slow_client:
      return {Counter::slow_consumers, LogCategory::engineio, "--socketio-max-queued"};
    case Limit::dropped:
      return {Counter::events_dropped, LogCategory::engineio, "--socketio-max-queued"};
    case Limit::namespaces:
      return {Counter::namespaces_refused, LogCategory::socketio, "--socketio-max-namespaces"};
    case Limit::dynamic_namespaces:
      return {Counter::dynamic_namespaces_refused, LogCategory::socketio,
              "--socketio-max-dynamic-namespaces"};
    case Limit::rooms:
      return {Counter::rooms_refused, LogCategory::socketio, "--socketio-max-rooms"};
    case Limit::pending_acks:
      return {Counter::acks_forgotten, LogCategory::socketio, "--socketio-max-pending-acks"};
    case Limit::read_ahead:
      return {Counter::acks_unread, LogCategory::socketio, "--socketio-max-read-ahead"};
    case Limit::last_input:
      return {Counter::last_input_dropped, LogCategory::engineio, "--socketio-max-read-ahead"};
    case Limit::recovery_buffer:
      return {Counter::recoveries_lost, LogCategory::socketio, "--socketio-recovery-buffer"};
    case Limit::recoverable:
      return {Counter::recoveries_lost, LogCategory::socketio, "--socketio-recovery-max-clients"};
    case Limit::recovery_bytes:
      return {Counter::recoveries_lost, LogCategory::socketio, "--socketio-recovery-max-bytes"};
    case Limit::relay_size:
      return {Counter::relays_too_large, LogCategory::socketio, "max_bytes of the relay"};
    case Limit::relay_rate:
      return {Counter::relays_over_rate, LogCategory::socketio, "rate of the relay"};
    case Limit::commands:
      return {Counter::emits_held_up, LogCategory::socketio, "--limit-command-bytes"};
    case Limit::events:
      return {Counter::event_queues_full, LogCategory::server,
              "--limit-events, --limit-event-bytes"};
  }
  __builtin_unreachable();
}

const char* page_of(LogCategory category) {
  return category == LogCategory::server ? "docs/limits.md#http-and-websockets"
                                         : "docs/limits.md#socketio";
}

}  // namespace

void Limits::reached(Limit limit, std::string_view who, std::size_t times) {
  const Facts facts = facts_of(limit);
  counters_.add(facts.counter, times);
  if (!episodes_[static_cast<std::size_t>(limit)].reached(now_)) return;
  if (!logger_.enabled(facts.category, LogLevel::warning)) return;
  logger_.log(facts.category, LogLevel::warning,
              warning(limit) + " (" + facts.option + ")" +
                  (who.empty() ? "" : "; the first is " + std::string(who)) + " (" +
                  page_of(facts.category) + ")");
}

void Limits::lasts(Limit limit, TimePoint until) {
  episodes_[static_cast<std::size_t>(limit)].lasts(until, now_);
}

void Limits::advance(TimePoint now) {
  now_ = now;
  for (std::size_t i = 0; i < episodes_.size(); ++i) {
    if (const auto times = episodes_[i].take_ended(now)) {
      const Facts facts = facts_of(static_cast<Limit>(i));
      logger_.log(facts.category, LogLevel::info,
                  std::string(facts.option) + " is reached no more; it was " +
                      std::to_string(*times) + (*times == 1 ? " time" : " times"));
    }
  }
}

std::string Limits::warning(Limit limit) const {
  const EngineIoConfig& engine = config_.engine_io;
  const SocketIoConfig& socket = config_.socket_io;
  const auto number = [](std::size_t value) { return std::to_string(value); };
  switch (limit) {
    case Limit::sessions:
      return "Refusing clients with 503: " + number(engine.max_sessions) +
             " Socket.IO sessions are open";
    case Limit::sessions_per_address:
      return "Refusing clients with 429: " + number(engine.max_sessions_per_address) +
             " Socket.IO sessions of one address are open";
    case Limit::payload:
      return "Refusing messages and polling requests of more than " + number(engine.max_payload) +
             " bytes";
    case Limit::attachments:
      return "Closing sessions that send an event with more than " +
             number(socket.max_attachments) + " attachments";
    case Limit::json_depth:
      return "Closing sessions that send JSON nested more than " + number(socket.max_json_depth) +
             " levels deep";
    case Limit::event_name:
      return "Closing sessions that send an event name of more than " +
             number(socket.max_event_name) + " bytes";
    case Limit::values:
      return "Closing sessions that send a packet of so many arrays and objects that it would take "
             "far more memory than it has bytes";
    case Limit::packet_rate:
      return "Holding back clients that send more than " + number(engine.max_packets_per_second) +
             " packets per second";
    case Limit::byte_rate:
      return "Holding back clients that send more than " + number(engine.max_bytes_per_second) +
             " bytes per second";
    case Limit::queued_bytes:
      return "Closing sessions that do not keep up: more than " + number(socket.max_queued_bytes) +
             " bytes wait for the client";
    case Limit::queued_total:
      return "Closing the sessions for which the most waits: more than " +
             number(socket.max_queued_total_bytes) + " bytes wait for all clients together";
    case Limit::slow_client:
      return "Clients do not keep up: more than " + number(socket.max_queued_bytes) +
             " bytes wait, and nothing volatile is sent to them";
    case Limit::dropped:
      return "Dropping the oldest events for clients that do not keep up: more than " +
             number(socket.max_queued_bytes) + " bytes wait";
    case Limit::namespaces:
      return "Refusing namespaces to clients that have joined " + number(socket.max_namespaces);
    case Limit::dynamic_namespaces:
      return "Refusing new dynamic namespaces: " + number(socket.max_dynamic_namespaces) +
             " are in use";
    case Limit::rooms:
      return "Refusing rooms to sockets that are in " + number(socket.max_rooms);
    case Limit::pending_acks:
      return "Forgetting the oldest acknowledgements of sockets that owe " +
             number(socket.max_pending_acks);
    case Limit::read_ahead:
      return "Giving up acknowledgements that can't be read: " + number(socket.max_read_ahead) +
             " bytes of the client's events wait behind a handler that does not end";
    case Limit::last_input:
      return "Dropping the last input of clients that have gone: handlers or a rate hold it back";
    case Limit::recovery_buffer:
      return "Clients that come back will not be recovered: they have missed more than " +
             number(std::min(socket.recovery_buffer, socket.max_queued_bytes / 2)) + " bytes";
    case Limit::recoverable:
      return "Clients that come back will not be recovered: more than " +
             number(socket.max_recoverable) + " are away";
    case Limit::recovery_bytes:
      return "Clients that come back will not be recovered: those that are away have missed more "
             "than " +
             number(socket.max_recovery_bytes) + " bytes in all";
    case Limit::relay_size:
      return "Dropping events that are too large to be relayed";
    case Limit::relay_rate:
      return "Events to be relayed come too fast";
    case Limit::commands:
      return "Holding up emit(): events are emitted faster than they can be sent";
    case Limit::events:
      return "Clients had to wait: too many requests and messages were queued for the application";
  }
  __builtin_unreachable();
}

}  // namespace sioserve
