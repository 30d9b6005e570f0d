// Server's methods that query Socket.IO: rooms, their members, the status of sessions.
#pragma once

#include <span>

#include "asgi-bridge/type_spec.h"

namespace sioserve::bridge {

std::span<const Method> socketio_questions();

}  // namespace sioserve::bridge
