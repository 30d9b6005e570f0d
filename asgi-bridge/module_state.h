// The state of the module _sioserve.
#pragma once

#include "asgi-bridge/asgi_types.h"
#include "asgi-bridge/handler_types.h"
#include "asgi-bridge/python.h"

namespace sioserve::bridge {

struct ModuleState {
  AsgiTypes types;
  HandlerTypes handlers;
  PyRef request_id;  // the context variable

  void traverse(Visitor& visit) const {
    types.traverse(visit);
    handlers.traverse(visit);
    visit(request_id);
  }
};

// The state of the module that defines this type, which make_type() created, or one of its bases.
ModuleState& module_state(PyTypeObject* type);

}  // namespace sioserve::bridge
