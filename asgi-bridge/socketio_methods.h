// Server's methods that say something to Socket.IO: emits, rooms, answers, namespaces, handshakes.
#pragma once

#include <span>

#include "asgi-bridge/python.h"

namespace sioserve::bridge {

// Without the row of nulls at the end.
std::span<const PyMethodDef> socketio_methods();

}  // namespace sioserve::bridge
