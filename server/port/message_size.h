// The estimated memory of a queued message, in bytes, including what it owns. Only for the limits
// of the queues.
#pragma once

#include <cstddef>

#include "server/port/messages.h"

namespace sioserve::port {

std::size_t size_of(const Event& event);
std::size_t size_of(const Command& command);

// The same for log lines; 0 for other events.
std::size_t line_size_of(const Event& event);

}  // namespace sioserve::port
