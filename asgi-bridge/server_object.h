// The Python type _sioserve.Server.
#pragma once

#include "asgi-bridge/python.h"

namespace sioserve::bridge {

// Null with an exception set when that fails.
PyRef make_server_type(const Gil& gil, PyObject* module);

}  // namespace sioserve::bridge
