// Passes clients' events to their connections.
#pragma once

#include "asgi-bridge/python.h"

namespace sioserve::bridge {

// The type _sioserve.EventCalls, whose methods are `event` and `events` of a dispatcher.
PyRef make_event_calls_type(const Gil& gil, PyObject* module);

}  // namespace sioserve::bridge
