// Server's methods that say something to Socket.IO: emits, rooms, answers, namespaces, handshakes.
#pragma once

#include <span>

#include "asgi-bridge/type_spec.h"

namespace sioserve::bridge {

std::span<const Method> socketio_methods();

}  // namespace sioserve::bridge
