#include "asgi-bridge/handshake_scope.h"

#include <cstddef>
#include <utility>

#include "asgi-bridge/core.h"
#include "asgi-bridge/type_spec.h"

namespace sioserve::bridge {
namespace {

struct HandshakeScope {
  void traverse(Visitor& visit) const {
    visit(core);
    visit(state);
  }
  void clear(const Gil&) {
    const PyRef old_core = std::exchange(core, PyRef());
    const PyRef old_state = std::exchange(state, PyRef());
  }

  Vectorcall vectorcall;
  PyRef core;
  PyRef state;  // or null: ScopeFactory::state_now()
  SharedRequestHead head;
  SharedEndpoints endpoints;
};

PyObject* call_handshake_scope(PyObject* self, PyObject* const*, std::size_t, PyObject*) {
  const auto& handshake = unbox<HandshakeScope>(self);
  const PyRef core = handshake.core;
  if (!core) {
    PyErr_SetString(PyExc_RuntimeError, "the server has gone");
    return nullptr;
  }
  const Gil gil = Gil::held_by_caller();
  const RequestHead& head = *handshake.head;
  const bool is_websocket = find_query_parameter(head.query_string, "transport") == "websocket";
  return unbox<Core>(core.get())
      .bridge.scopes()
      .late(gil, is_websocket ? ScopeFactory::Kind::websocket : ScopeFactory::Kind::http, head,
            *handshake.endpoints, to_py_str(gil, head.request_id), handshake.state)
      .release();
}

}  // namespace

PyRef make_handshake_scope_type(const Gil& gil, PyObject* module) {
  return make_box_type<HandshakeScope>(gil, module, "_sioserve.HandshakeScope",
                                       Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, {});
}

PyRef make_handshake_scope(const Gil& gil, const PyRef& type, const PyRef& core,
                           SharedRequestHead head, SharedEndpoints endpoints) {
  return make_object<HandshakeScope>(
      gil, reinterpret_cast<PyTypeObject*>(type.get()),
      HandshakeScope{Vectorcall::function<&call_handshake_scope>(), core,
                     unbox<Core>(core.get()).bridge.scopes().state_now(gil), std::move(head),
                     std::move(endpoints)});
}

}  // namespace sioserve::bridge
