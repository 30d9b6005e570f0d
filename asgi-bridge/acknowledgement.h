// `ack`, which the handler of a Socket.IO event gets: acknowledges the event.
#pragma once

#include "asgi-bridge/python.h"

namespace sioserve::bridge {

struct HandlerTypes;

// Of objects that handlers call with the arguments of the acknowledgement, at most once, from any
// thread; what a call returns may be awaited. A call raises TypeError or ValueError for a value
// that can't be encoded. The attribute `sent` says whether the event has been acknowledged,
// `ack_id` is the number that the client gave it.
PyRef make_acknowledgement_type(const Gil& gil, PyObject* module);

// Lets iscoroutinefunction() be true for the objects of this type, so async_to_sync() takes them:
// as inspect.markcoroutinefunction() does, which Python has from 3.12 on. False with an exception
// set.
bool mark_as_coroutine_functions(const Gil& gil, const PyRef& type);

// The client that gets it: see HandlerQueue.
struct Acknowledged {
  PyRef core, connection, number;
};

PyRef make_acknowledgement(const Gil& gil, const HandlerTypes& types, const Acknowledged& client,
                           const PyRef& ack_id);

// Without arguments when the handler has returned, if it has not acknowledged the event itself.
void send_when_done(const PyRef& acknowledgement);

// The handler has returned. False with an exception set.
bool send_if_waiting(const Gil& gil, const PyRef& acknowledgement);

}  // namespace sioserve::bridge
