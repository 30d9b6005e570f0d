// The ids in messages between the two threads. Ids are never reused, so a message about an object
// that no longer exists is recognised and dropped. Pointers never cross the port.
#pragma once

#include <cstdint>

namespace sioserve {

// One HTTP request or one WebSocket connection.
enum class StreamId : std::uint64_t {};

// One Engine.IO session. Taken from the same counter as StreamId: a handshake that came through the
// ASGI application becomes the session with the id of its stream.
using SessionId = StreamId;

// One client in one Socket.IO namespace. Not the `id` that the client sees.
enum class SocketId : std::uint64_t {};

// A set of native relays, for the sockets that are accepted with it.
enum class RelaysId : std::uint64_t {};

}  // namespace sioserve
