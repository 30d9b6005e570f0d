// Passes an entry of the access log to Python's logging.
#pragma once

#include "asgi-bridge/python.h"
#include "server/port/messages.h"

namespace sioserve::bridge {

// Logs it with level INFO; docs/logging.md names the attributes. An exception is left set.
void log_access(const Gil& gil, const PyRef& logger, const AccessEntry& entry);

}  // namespace sioserve::bridge
