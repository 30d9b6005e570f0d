// What a Socket.IO connection has to do, one step after the other, in a task.
#pragma once

#include "asgi-bridge/python.h"

namespace sioserve::bridge {

// The type _sioserve.HandlerQueue, the base of the connections (python/sio/connection.py): the part
// of them that each event needs. _sioserve.pyi describes it.
//
// While a connection has steps, a task runs, whose coroutine is the connection itself. It does what
// an `async def` would do that awaits each step, without the frames of one, which would cost most
// of the time of a short handler. A simple event, that is one whose only handler is an `async def`,
// reaches the handler without other code in Python. To tools that show tasks, the connection looks
// like the coroutine that it awaits.
PyRef make_handler_queue_type(const Gil& gil, PyObject* module);

// Let a connection handle an event, or several that have come together: a list of (args, ack_id).
// False with an exception set.
bool handle_event(const Gil& gil, PyObject* connection, PyObject* args, PyObject* ack_id);
bool handle_events(const Gil& gil, PyObject* connection, PyObject* events);

}  // namespace sioserve::bridge
