// The scope of a native handshake, which most clients never need.
#pragma once

#include "asgi-bridge/python.h"
#include "server/base/http_values.h"

namespace sioserve::bridge {

// Of objects that are called without arguments, in any thread, and return the scope, a new dict
// each time. They take a tenth of its memory.
PyRef make_handshake_scope_type(const Gil& gil, PyObject* module);

// `core`: the object that contains the bridge. Null with an exception set.
PyRef make_handshake_scope(const Gil& gil, const PyRef& type, const PyRef& core,
                           SharedRequestHead head, SharedEndpoints endpoints);

}  // namespace sioserve::bridge
