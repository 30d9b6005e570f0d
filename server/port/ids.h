// The names under which the two threads talk about the same thing. Ids are never reused, so a
// message about something that has gone is recognised and dropped; pointers never cross.
#pragma once

#include <cstdint>

namespace sioserve {

// One HTTP request or one WebSocket connection.
enum class StreamId : std::uint64_t {};

// One Engine.IO session. Taken from the same counter as StreamId: a handshake that came through
// the ASGI application becomes the session with the number of its stream.
using SessionId = StreamId;

// One client in one Socket.IO namespace. Not the `id` that the client sees.
enum class SocketId : std::uint64_t {};

// What is relayed natively of the sockets that are accepted with it.
enum class RelaysId : std::uint64_t {};

}  // namespace sioserve
