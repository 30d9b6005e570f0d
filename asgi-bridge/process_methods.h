// Server's methods for --workers: the Python processes of an I/O process.
#pragma once

#include <span>

#include "asgi-bridge/type_spec.h"

namespace sioserve::bridge {

std::span<const Method> process_methods();

}  // namespace sioserve::bridge
