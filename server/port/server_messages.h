// The server itself across the port: its log, its limits and its stop.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "server/base/access_record.h"
#include "server/base/logger.h"
#include "server/port/questions.h"

namespace sioserve {

// --- events ---

// An entry for Python's logging, if the access log uses it.
struct AccessEntry {
  std::string line;
  AccessRecord record;
};

// --limit-max-requests is reached: the server must be stopped. Sent once.
struct RequestLimitReached {};

// The command queue has space again. Sent once per call of Port::notify_of_space().
struct CommandQueueHasSpace {};

// The stop has begun. Only for Python processes of their own, which ServerStopped ends.
struct StopBegun {};

// Everything is closed. The last event.
struct ServerStopped {};

using ServerEvent = std::variant<LogRecord, AccessEntry, RequestLimitReached, CommandQueueHasSpace,
                                 StopBegun, ServerStopped>;

// --- commands ---

// Stop accepting, let requests finish, close the rest. If posted again: close everything
// immediately.
struct StopServer {};

// The application has taken the queued events, after the queue was full and reading had stopped.
struct EventsTaken {};

// The answer goes to Port::answers().
struct Ask {
  QuestionId id;
  Question question;
};

// So many emits had to wait, in a Python process of its own (channel.h).
struct CommandsHeldUp {
  std::uint64_t count;
};

// Read the files of the TLS certificates again.
struct ReloadCertificates {};

using ServerCommand =
    std::variant<StopServer, EventsTaken, Ask, CommandsHeldUp, ReloadCertificates>;

}  // namespace sioserve
