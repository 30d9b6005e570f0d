// Loggers of Python's module logging.
#pragma once

#include "asgi-bridge/python.h"

namespace sioserve::bridge {

// logger.isEnabledFor(level): 1, 0, or -1 with an exception set. `level`: an int object. Takes the
// result from the logger's cache, if it is there, which needs a quarter of the time.
int is_enabled_for(const Gil& gil, const PyRef& logger, const PyRef& level);

}  // namespace sioserve::bridge
