// Server's methods for --workers: for the I/O process, which manages Python processes, and for
// these, between which sessions move.
#pragma once

#include <span>

#include "asgi-bridge/type_spec.h"

namespace sioserve::bridge {

std::span<const Method> process_methods();

}  // namespace sioserve::bridge
