// Native relays as Python objects.
#pragma once

#include "asgi-bridge/python.h"
#include "server/port/relays.h"

namespace sioserve::bridge {

// A capsule with what `rules` say, a sequence of tuples (event, "own" | "namespace" | "rooms",
// rooms, volatile, include_sender, max_bytes, rate). Null with an exception set for anything else.
PyRef make_relays(const Gil& gil, PyObject* rules);

// What such a capsule holds; null with TypeError set for another object.
SharedRelays* relays_in(PyObject* capsule);

}  // namespace sioserve::bridge
