// Parts of native coroutines: types with the slot am_send and the methods of
// collections.abc.Coroutine.
#pragma once

#include "asgi-bridge/python.h"

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
