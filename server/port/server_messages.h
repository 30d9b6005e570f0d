// The server itself across the port: its log, its limits and its end.
#pragma once

#include <string>
#include <variant>

#include "server/base/access_record.h"
#include "server/base/logger.h"
#include "server/port/questions.h"

namespace sioserve {

// --- events ---

// For Python's logging, where the access log goes there.
struct AccessEntry {
  std::string line;
  AccessRecord record;
};

// So many requests have been answered that the server is to be stopped; comes once.
struct RequestLimitReached {};

// There is room again for whoever emits; comes once for a call of Port::tell_of_room().
struct RoomForCommands {};

// Everything is closed; nothing follows.
struct ServerStopped {};

using ServerEvent =
    std::variant<LogRecord, AccessEntry, RequestLimitReached, RoomForCommands, ServerStopped>;

// --- commands ---

// Stop accepting, let what runs finish, close the rest. Posted a second time: close all at once.
struct StopServer {};

// The application has taken the events that wait, after so many had waited that reading stopped.
struct EventsTaken {};

// The answer goes to Port::answers().
struct Ask {
  QuestionId id;
  Question question;
};

using ServerCommand = std::variant<StopServer, EventsTaken, Ask>;

}  // namespace sioserve
