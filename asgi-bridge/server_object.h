// The Python type _sioserve.Server.
#pragma once

#include <optional>

#include "asgi-bridge/core.h"
#include "asgi-bridge/python.h"

namespace sioserve::bridge {

// The Core of a Server; null with an exception set if it can't be used.
Core* core_of(PyObject* server);

// Reads the arguments of Server.__init__. Nullopt with an exception set if they are invalid.
std::optional<Application> read_arguments(const Gil& gil, PyObject* self, PyObject* args,
                                          PyObject* kwargs, Config& config);

// Makes `core` the Core of a Server: 0, or -1 with an exception set if it is null.
int set_core(PyObject* server, PyRef core);

// Null with an exception set on failure.
PyRef make_server_type(const Gil& gil, PyObject* module);
// The type _sioserve.ProcessServer: the server of a Python process whose sockets belong to another
// process.
PyRef make_process_server_type(const Gil& gil, PyObject* module, const PyRef& server_type);

}  // namespace sioserve::bridge
