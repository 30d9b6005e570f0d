#include "asgi-bridge/event_calls.h"

#include <utility>

#include "asgi-bridge/arguments.h"
#include "asgi-bridge/handler_queue.h"
#include "asgi-bridge/module_state.h"
#include "asgi-bridge/type_spec.h"

namespace sioserve::bridge {
namespace {

struct EventCalls {
  void traverse(Visitor& visit) const {
    visit(connections);
    visit(wake);
  }
  void clear(const Gil&) {
    const PyRef gone_connections = std::exchange(connections, PyRef());
    const PyRef gone_wake = std::exchange(wake, PyRef());
  }

  PyRef connections;  // a dict: the number of a socket and its HandlerQueue
  PyRef wake;         // gives the HandlerQueue of another number, or None; null: there are none
};

PyObject* calls_new(PyTypeObject* type, PyObject* args, PyObject*) {
  PyObject* connections = nullptr;
  PyObject* wake = nullptr;
  if (!PyArg_ParseTuple(args, "O!|O:EventCalls", &PyDict_Type, &connections, &wake)) {
    return nullptr;
  }
  return make_object<EventCalls>(Gil::held_by_caller(), type,
                                 EventCalls{PyRef::borrow(connections),
                                            wake == nullptr ? PyRef() : PyRef::borrow(wake)})
      .release();
}

// The connection of a socket. Null if it has gone, or with an exception set.
PyRef connection_of(PyObject* self, PyObject* socket) {
  const auto& calls = unbox<EventCalls>(self);
  if (!calls.connections) return PyRef();
  PyRef found = PyRef::borrow(PyDict_GetItemWithError(calls.connections.get(), socket));
  if (!found && !PyErr_Occurred() && calls.wake) {
    const PyRef wake = calls.wake;
    found = PyRef::steal(PyObject_CallOneArg(wake.get(), socket));
    if (found.get() == Py_None) return PyRef();
  }
  const PyRef& type = module_state(Py_TYPE(self)).handlers.queue;
  if (!found || PyObject_TypeCheck(found.get(), reinterpret_cast<PyTypeObject*>(type.get()))) {
    return found;
  }
  PyErr_SetString(PyExc_TypeError, "connections must be HandlerQueues");
  return PyRef();
}

bool are_lists(PyObject* first) {
  if (PyList_CheckExact(first)) return true;
  PyErr_SetString(PyExc_TypeError, "events, and their arguments, must be lists");
  return false;
}

PyObject* calls_event(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  if (!has_count("event", count, 3) || !are_lists(args[1])) return nullptr;
  const PyRef connection = connection_of(self, args[0]);
  if (!connection) return PyErr_Occurred() ? nullptr : none().release();
  const bool handled = handle_event(Gil::held_by_caller(), connection.get(), args[1], args[2]);
  return handled ? none().release() : nullptr;
}

PyObject* calls_events(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  if (!has_count("events", count, 2) || !are_lists(args[1])) return nullptr;
  const PyRef connection = connection_of(self, args[0]);
  if (!connection) return PyErr_Occurred() ? nullptr : none().release();
  return handle_events(Gil::held_by_caller(), connection.get(), args[1]) ? none().release()
                                                                         : nullptr;
}

const Method event_calls_methods[] = {
    Method::array<&calls_event>("event"),
    Method::array<&calls_events>("events"),
};

}  // namespace

PyRef make_event_calls_type(const Gil& gil, PyObject* module) {
  static MethodTable all_methods{event_calls_methods};
  return make_box_type<EventCalls>(
      gil, module, "_sioserve.EventCalls", Py_TPFLAGS_DEFAULT,
      {Slot::function<&calls_new>(Py_tp_new), Slot::methods(all_methods)});
}

}  // namespace sioserve::bridge
