#include "asgi-bridge/acknowledgement.h"

#include <cstddef>
#include <utility>

#include "asgi-bridge/handler_types.h"
#include "asgi-bridge/module_state.h"
#include "asgi-bridge/type_spec.h"

namespace sioserve::bridge {
namespace {

struct Acknowledgement {
  void traverse(Visitor& visit) const {
    for (const PyRef* object : {&client.core, &client.connection, &client.number, &ack_id}) {
      visit(*object);
    }
  }
  void clear(const Gil&) { const Acknowledged gone = std::exchange(client, {}); }

  Vectorcall vectorcall;
  Acknowledged client;  // empty when the garbage collector has been here
  PyRef ack_id;
  bool sent = false;
  bool when_done = false;
};

// `arguments`: a tuple.
bool send_acknowledgement(PyObject* self, const PyRef& arguments) {
  auto& acknowledgement = unbox<Acknowledgement>(self);
  const HandlerTypes& types = module_state(Py_TYPE(self)).handlers;
  const auto& [core, connection, number] = acknowledgement.client;
  if (!core) {
    PyErr_SetString(PyExc_RuntimeError, "the connection has gone");
    return false;
  }
  if (acknowledgement.sent) {
    return static_cast<bool>(
        PyRef::steal(PyObject_CallMethodNoArgs(connection.get(), types.acknowledged_twice.get())));
  }
  PyObject* const call[] = {core.get(), number.get(), acknowledgement.ack_id.get(),
                            arguments.get()};
  if (!PyRef::steal(PyObject_VectorcallMethod(types.ack.get(), call, 4, nullptr))) return false;
  acknowledgement.sent = true;
  return true;
}

PyObject* call_acknowledgement(PyObject* self, PyObject* const* arguments, std::size_t count,
                               PyObject* names) {
  if (names != nullptr && PyTuple_GET_SIZE(names) != 0) {
    PyErr_SetString(PyExc_TypeError, "ack() takes no keyword arguments");
    return nullptr;
  }
  const Py_ssize_t size = PyVectorcall_NARGS(count);
  const PyRef packed = PyRef::steal(PyTuple_New(size));
  if (!packed) return nullptr;
  for (Py_ssize_t i = 0; i < size; ++i) PyTuple_SET_ITEM(packed.get(), i, Py_NewRef(arguments[i]));
  if (!send_acknowledgement(self, packed)) return nullptr;
  return PyRef(module_state(Py_TYPE(self)).handlers.complete).release();
}

PyObject* acknowledgement_sent(PyObject* self, void*) {
  return PyBool_FromLong(unbox<Acknowledgement>(self).sent ? 1 : 0);
}

PyObject* acknowledgement_id(PyObject* self, void*) {
  return PyRef(unbox<Acknowledgement>(self).ack_id).release();
}

const Property acknowledgement_properties[] = {
    Property::read_by<&acknowledgement_sent>("sent"),
    Property::read_by<&acknowledgement_id>("ack_id"),
};

}  // namespace

PyRef make_acknowledgement_type(const Gil& gil, PyObject* module) {
  static PropertyTable all_properties{acknowledgement_properties};
  return make_box_type<Acknowledgement>(gil, module, "_sioserve.Acknowledgement",
                                        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                                        {Slot::properties(all_properties)});
}

bool mark_as_coroutine_functions(const Gil& gil, const PyRef& type) {
  constexpr bool is_old = PY_VERSION_HEX < 0x030C0000;
  const PyRef mark = is_old ? import_attribute(gil, "asyncio.coroutines", "_is_coroutine")
                            : import_attribute(gil, "inspect", "markcoroutinefunction");
  if (!mark) return false;
  if (is_old) return PyObject_SetAttrString(type.get(), "_is_coroutine", mark.get()) == 0;
  return static_cast<bool>(PyRef::steal(PyObject_CallOneArg(mark.get(), type.get())));
}

PyRef make_acknowledgement(const Gil& gil, const HandlerTypes& types, const Acknowledged& client,
                           const PyRef& ack_id) {
  return make_object<Acknowledgement>(
      gil, reinterpret_cast<PyTypeObject*>(types.acknowledgement.get()),
      Acknowledgement{Vectorcall::function<&call_acknowledgement>(), client, ack_id});
}

void send_when_done(const PyRef& acknowledgement) {
  unbox<Acknowledgement>(acknowledgement.get()).when_done = true;
}

bool send_if_waiting(const Gil&, const PyRef& acknowledgement) {
  const auto& waiting = unbox<Acknowledgement>(acknowledgement.get());
  if (!waiting.when_done || waiting.sent) return true;
  const PyRef nothing = PyRef::steal(PyTuple_New(0));
  return nothing && send_acknowledgement(acknowledgement.get(), nothing);
}

}  // namespace sioserve::bridge
