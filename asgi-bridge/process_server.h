// The Python type _sioserve.ProcessServer: the server of a Python process whose sockets belong to
// another process.
#pragma once

#include "asgi-bridge/python.h"

namespace sioserve::bridge {

// A subtype of `server_type`, which is Server. Null with an exception set on failure.
PyRef make_process_server_type(const Gil& gil, PyObject* module, const PyRef& server_type);

}  // namespace sioserve::bridge
