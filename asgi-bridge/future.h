// Futures of the event loop; works with every asyncio loop.
#pragma once

#include "asgi-bridge/names.h"
#include "asgi-bridge/python.h"

namespace sioserve::bridge {

// Whether it has a result, an exception, or was cancelled.
inline bool is_done(const Gil&, const Names& names, const PyRef& future) {
  const PyRef done = PyRef::steal(PyObject_CallMethodNoArgs(future.get(), names.done.get()));
  if (!done) PyErr_Clear();
  return done && PyObject_IsTrue(done.get()) == 1;
}

// Sets the result None, unless the future is done.
inline void set_done(const Gil& gil, const Names& names, const PyRef& future) {
  if (is_done(gil, names, future)) return;
  const PyRef set =
      PyRef::steal(PyObject_CallMethodOneArg(future.get(), names.set_result.get(), Py_None));
  if (!set) PyErr_WriteUnraisable(future.get());
}

}  // namespace sioserve::bridge
