#include "asgi-bridge/handshake_scope.h"

#include <cstddef>
#include <utility>

#include "asgi-bridge/core.h"
#include "asgi-bridge/type_spec.h"

namespace sioserve::bridge {
namespace {

struct HandshakeScope {
  void traverse(Visitor& visit) const { visit(core); }
  void clear(const Gil&) { const PyRef gone = std::exchange(core, PyRef()); }

  Vectorcall vectorcall;
  PyRef core;
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
  return unbox<Core>(core.get())
      .bridge.socket_io()
      .scope_of(Gil::held_by_caller(), *handshake.head, *handshake.endpoints)
      .release();
}

}  // namespace

PyRef make_handshake_scope_type(const Gil& gil, PyObject* module) {
  return make_box_type<HandshakeScope>(gil, module, "_sioserve.HandshakeScope",
                                       Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, {});
}

PyRef make_handshake_scope(const Gil& gil, const PyRef& type, PyRef core, SharedRequestHead head,
                           SharedEndpoints endpoints) {
  return make_object<HandshakeScope>(
      gil, reinterpret_cast<PyTypeObject*>(type.get()),
      HandshakeScope{Vectorcall::function<&call_handshake_scope>(), std::move(core),
                     std::move(head), std::move(endpoints)});
}

}  // namespace sioserve::bridge
