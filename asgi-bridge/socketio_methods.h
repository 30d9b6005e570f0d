// Server's methods that post Socket.IO commands: emits, rooms, acknowledgements, namespaces,
// handshakes.
#pragma once

#include <span>

#include "asgi-bridge/type_spec.h"

namespace sioserve::bridge {

std::span<const Method> socketio_methods();

}  // namespace sioserve::bridge
