// The shortest way from a Socket.IO event to its handler.
#pragma once

#include "asgi-bridge/handler_types.h"
#include "asgi-bridge/object.h"
#include "asgi-bridge/python.h"

namespace sioserve::bridge {

// What decides about the events of a client. An event is simple if it has an entry in
// `simple_events`, the socket has no listeners or middleware of its own (`intercepts_events`), and
// `logger` does not log debug lines.
struct SimpleWay {
  PyRef socket;
  // A dict by the names of events. Its values are SimpleCalls: see python/sio/handlers.py.
  PyRef simple_events;
  PyRef logger;

  void traverse(Visitor& visit) const {
    for (const PyRef* object : {&socket, &simple_events, &logger}) visit(*object);
  }
};

// Calls the handler of a simple event, and returns what it returns, an awaitable. Null with an
// exception set if that raises; null without one if the event is not simple. `args`: a list that
// begins with the event's name. `acknowledgement`: null if the client wants none.
PyRef call_simple_handler(const Gil& gil, const HandlerTypes& types, const SimpleWay& way,
                          const PyRef& args, const PyRef& acknowledgement);

}  // namespace sioserve::bridge
