#include "asgi-bridge/request_context.h"

#include <utility>

namespace sioserve::bridge {

PyRef make_request_id_variable(const Gil&) {
  return PyRef::steal(PyContextVar_New("sioserve_request_id", Py_None));
}

// A copy of the context shares its values, and is cheaper than resetting the variable.
RequestIdScope::RequestIdScope(const Gil&, const PyRef& variable, const PyRef& id) {
  if (!id) return;
  PyRef context = PyRef::steal(PyContext_CopyCurrent());
  if (!context || PyContext_Enter(context.get()) != 0) {
    PyErr_Clear();
    return;
  }
  context_ = std::move(context);
  if (!PyRef::steal(PyContextVar_Set(variable.get(), id.get()))) PyErr_Clear();
}

RequestIdScope::~RequestIdScope() {
  if (!context_) return;
  PyObject *type = nullptr, *value = nullptr, *traceback = nullptr;
  const bool failed = PyErr_Occurred() != nullptr;
  if (failed) PyErr_Fetch(&type, &value, &traceback);
  if (PyContext_Exit(context_.get()) != 0) PyErr_Clear();
  if (failed) PyErr_Restore(type, value, traceback);
}

}  // namespace sioserve::bridge
