// What a message takes while it waits in a queue, in bytes: itself and what it owns, estimated. For
// the bounds of the queues only.
#pragma once

#include <cstddef>

#include "server/port/messages.h"

namespace sioserve::port {

std::size_t size_of(const Event& event);
std::size_t size_of(const Command& command);

// Of the lines for logs among the events; 0: it is none.
std::size_t line_size_of(const Event& event);

}  // namespace sioserve::port
