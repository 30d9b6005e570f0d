// Counts and logs each time when a limit of Socket.IO is reached. An episode writes one warning,
// which names the option, and one line when it is over. The code that enforces a limit decides what
// happens to the client.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "server/base/clock.h"
#include "server/base/config.h"
#include "server/base/counters.h"
#include "server/base/limit_episode.h"
#include "server/base/logger.h"

namespace sioserve {

enum class Limit : std::size_t {
  sessions,              // in total
  sessions_per_address,  // of one client address
  payload,               // bytes of a message or polling request
  attachments,           // of an event
  json_depth,
  event_name,          // bytes
  values,              // of a packet, by their estimated memory
  packet_rate,         // packets per second of a session
  byte_rate,           // bytes per second of a session
  queued_bytes,        // for a slow client, which is disconnected
  queued_total,        // for all slow clients
  slow_client,         // for a slow client; only volatile events are dropped
  dropped,             // for a slow client; the oldest events are dropped
  namespaces,          // of a session
  dynamic_namespaces,  // in total
  rooms,               // of a socket
  pending_acks,        // of a socket
  read_ahead,          // bytes read for an acknowledgement, which fails then
  last_input,          // of a disconnected client, which can't be read
  recovery_buffer,     // bytes kept for a client that may be recovered
  recoverable,         // disconnected clients that may be recovered
  recovery_bytes,      // bytes kept for all of them
  relay_size,          // bytes of a relayed event
  relay_rate,          // relayed events per second of a socket
  commands,            // queued commands of the application
  events,              // requests and messages queued for the application
};

// Lives on the I/O thread.
class Limits {
 public:
  // All outlive this object.
  Limits(const Config& config, Counters& counters, const Logger& logger)
      : config_(config), counters_(counters), logger_(logger) {}
  Limits(const Limits&) = delete;
  Limits& operator=(const Limits&) = delete;

  Counters& counters() { return counters_; }

  // `who` is for the warning: "session 7"; empty if it is nobody in particular. `times`: how often
  // the limit was reached.
  void reached(Limit limit, std::string_view who, std::size_t times = 1);

  // The client that reached the limit is throttled until then; meanwhile it is not counted again.
  void lasts(Limit limit, TimePoint until);

  // Call it about every 20 ms: sets the time, and ends episodes.
  void advance(TimePoint now);

 private:
  static constexpr std::size_t count = static_cast<std::size_t>(Limit::events) + 1;

  std::string warning(Limit limit) const;

  const Config& config_;
  Counters& counters_;
  const Logger& logger_;
  TimePoint now_{};
  std::array<LimitEpisode, count> episodes_;
};

}  // namespace sioserve
