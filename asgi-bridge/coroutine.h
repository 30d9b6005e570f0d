// Parts of native coroutines: types with the slot am_send and the methods of
// collections.abc.Coroutine.
#pragma once

#include <vector>

#include "asgi-bridge/python.h"
#include "asgi-bridge/type_spec.h"

namespace sioserve::bridge {

// The return value of a method that sends: what was yielded; else null with an exception set,
// StopIteration for the value that was returned. Takes the reference.
PyObject* result_of_send(PySendResult status, PyObject* result);

// The method send() of a type with the slot am_send.
template <PySendResult (*send_slot)(PyObject*, PyObject*, PyObject**)>
PyObject* send_method(PyObject* self, PyObject* value) {
  PyObject* result = nullptr;
  const PySendResult status = send_slot(self, value, &result);
  return result_of_send(status, result);
}

template <PySendResult (*send_slot)(PyObject*, PyObject*, PyObject**)>
PyObject* send_none(PyObject* self) {
  return send_method<send_slot>(self, Py_None);
}

inline PyObject* itself(PyObject* self) { return Py_NewRef(self); }

// The slots that make a type awaitable, with its slot am_send, in addition to `others`.
template <PySendResult (*send_slot)(PyObject*, PyObject*, PyObject**)>
std::vector<Slot> with_coroutine_slots(std::vector<Slot> others) {
  for (const Slot& slot :
       {Slot::function<&itself>(Py_tp_iter), Slot::function<&send_none<send_slot>>(Py_tp_iternext),
        Slot::function<&itself>(Py_am_await), Slot::function<send_slot>(Py_am_send)}) {
    others.push_back(slot);
  }
  return others;
}

// What `await` iterates over (PEP 492). Null with an exception set: TypeError if the object can't
// be awaited.
PyRef await_iterator(const Gil& gil, const PyRef& awaitable);

// Raises the exception that the arguments of throw() describe, here. Returns null.
PyRef throw_here(const Gil& gil, PyObject* args);

// The same in what is awaited. Returns what it yields, or null with an exception set.
PyRef throw_into(const Gil& gil, const PyRef& iterator, PyObject* args);

// If StopIteration is set: its value, and no exception is set any more. Otherwise null.
PyRef take_returned_value(const Gil& gil);

}  // namespace sioserve::bridge
