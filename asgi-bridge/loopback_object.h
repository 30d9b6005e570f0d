// The Python type _sioserve.LoopbackServer: a Server for tests, without network and thread.
#pragma once

#include "asgi-bridge/python.h"

namespace sioserve::bridge {

// Null with an exception set on failure. `server_type` is its base.
PyRef make_loopback_type(const Gil& gil, PyObject* module, const PyRef& server_type);

}  // namespace sioserve::bridge
