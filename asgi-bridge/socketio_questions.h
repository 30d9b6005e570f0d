// Server's methods that ask about Socket.IO: rooms, who is in them, how sessions are doing.
#pragma once

#include <span>

#include "asgi-bridge/type_spec.h"

namespace sioserve::bridge {

std::span<const Method> socketio_questions();

}  // namespace sioserve::bridge
