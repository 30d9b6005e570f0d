// The Python type _sioserve.Server.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <span>

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

// The same, but null with an exception set after the server has been started.
Core* unstarted_core_of(PyObject* server, const char* method);

// Starts the bridge, which watches `watched`, and then the server's thread with `start`. Null with
// an exception set.
PyObject* start_core(Core& core, PyObject* loop, PyObject* on_stopped,
                     std::span<const Bridge::Watched> watched, const std::function<void()>& start);

// How long events are handled before other callbacks of the event loop have their turn.
inline constexpr std::chrono::milliseconds drain_budget{2};

// Null with an exception set on failure.
PyRef make_server_type(const Gil& gil, PyObject* module);

}  // namespace sioserve::bridge
