// The limits of Socket.IO as they are reached: each time is counted, and an episode makes one
// warning, which names the option, and one line when it is over. What happens to a client that
// reaches one is the business of the code that enforces it.
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
  sessions,              // in all
  sessions_per_address,  // of one client address
  payload,               // bytes of a message or polling request
  attachments,           // of an event
  json_depth,
  event_name,          // bytes
  values,              // of a packet, by the memory they would take
  packet_rate,         // packets per second of a session
  byte_rate,           // bytes per second of a session
  queued_bytes,        // waiting for a slow client, who is closed
  queued_total,        // waiting for all slow clients
  slow_client,         // the same, and only what is volatile is dropped
  dropped,             // the same, and the oldest events are dropped
  namespaces,          // of a session
  dynamic_namespaces,  // in all
  rooms,               // of a socket
  pending_acks,        // that a socket owes
  read_ahead,          // bytes read for an acknowledgement, which is waited for no more
  last_input,          // of a client that has gone, which can't be read
  recovery_buffer,     // bytes kept for a client that may come back
  recoverable,         // clients that are away
  recovery_bytes,      // kept for all that are away
  relay_size,          // bytes of an event that is relayed
  relay_rate,          // events per second that are relayed for a socket
  commands,            // of the application, waiting to be carried out
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

  // `who` stands in the warning: "session 7". `times`: for what is counted.
  void reached(Limit limit, std::string_view who, std::size_t times = 1);

  // Who has reached it before is held there, which is not counted again.
  void lasts(Limit limit, TimePoint until);

  // Every 20 ms or so: tells the time, and ends episodes.
  void advance(TimePoint now);

 private:
  static constexpr std::size_t count = static_cast<std::size_t>(Limit::commands) + 1;

  std::string warning(Limit limit) const;

  const Config& config_;
  Counters& counters_;
  const Logger& logger_;
  TimePoint now_{};
  std::array<LimitEpisode, count> episodes_;
};

}  // namespace sioserve
