// All messages between the I/O thread and the application: events in one direction, commands in the
// other, grouped by subsystem. They are values, without pointers to mutable objects of either side.
// Events are in the order in which they happened; commands are carried out in the order in which
// they were posted.
#pragma once

#include <type_traits>
#include <variant>

#include "server/port/cluster_messages.h"
#include "server/port/handshake_messages.h"
#include "server/port/http_messages.h"
#include "server/port/process_messages.h"
#include "server/port/server_messages.h"
#include "server/port/socketio_messages.h"
#include "server/port/websocket_messages.h"

namespace sioserve {

// To the application.
using Event = std::variant<HttpEvent, WebSocketEvent, HandshakeEvent, SocketIoEvent, ClusterEvent,
                           ProcessEvent, ServerEvent>;

// To the I/O thread. Any thread may post them.
using Command = std::variant<HttpCommand, WebSocketCommand, HandshakeCommand, SocketIoCommand,
                             ClusterCommand, ProcessCommand, ServerCommand>;

// The `T` in an event or a command; null: it has another type.
template <typename T, typename... Groups>
const T* get_message(const std::variant<Groups...>& message) {
  const auto look_into =
      []<typename... Alternatives>(const std::variant<Alternatives...>& group) -> const T* {
    if constexpr ((std::is_same_v<T, Alternatives> || ...)) {
      return std::get_if<T>(&group);
    } else {
      return nullptr;
    }
  };
  return std::visit(look_into, message);
}

}  // namespace sioserve
