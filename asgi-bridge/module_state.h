// What the module _sioserve keeps for itself.
#pragma once

#include "asgi-bridge/asgi_types.h"
#include "asgi-bridge/python.h"

namespace sioserve::bridge {

struct ModuleState {
  AsgiTypes types;
  PyRef request_id;  // the context variable
};

// Of the module that defines a type made with make_type().
ModuleState& module_state(PyTypeObject* type);

}  // namespace sioserve::bridge
