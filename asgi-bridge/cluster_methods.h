// Server's methods for the other servers of a cluster.
#pragma once

#include <span>

#include "asgi-bridge/type_spec.h"

namespace sioserve::bridge {

std::span<const Method> cluster_methods();

}  // namespace sioserve::bridge
