// Server's methods for TLS.
#pragma once

#include <span>

#include "asgi-bridge/type_spec.h"

namespace sioserve::bridge {

std::span<const Method> tls_methods();

}  // namespace sioserve::bridge
