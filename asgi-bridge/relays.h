// Reads native relays from Python objects.
#pragma once

#include <optional>

#include "asgi-bridge/python.h"
#include "server/port/relays.h"

namespace sioserve::bridge {

// `rules` is a sequence of tuples (event, "own" | "namespace" | "rooms", rooms, volatile,
// include_sender, max_bytes, rate). Nullopt with an exception set for anything else.
std::optional<Relays> read_relays(PyObject* rules);

}  // namespace sioserve::bridge
