#include "asgi-bridge/request_context.h"

namespace sioserve::bridge {

PyRef make_request_id_variable(const Gil&) {
  return PyRef::steal(PyContextVar_New("sioserve_request_id", Py_None));
}

RequestIdScope::RequestIdScope(const Gil&, const PyRef& variable, const PyRef& id)
    : variable_(variable) {
  if (!id) return;
  token_ = PyRef::steal(PyContextVar_Set(variable.get(), id.get()));
}

RequestIdScope::~RequestIdScope() {
  if (!token_) return;
  if (PyErr_Occurred() == nullptr) {
    if (PyContextVar_Reset(variable_.get(), token_.get()) != 0) PyErr_Clear();
    return;
  }
  // Keep an exception that is already set.
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  if (PyContextVar_Reset(variable_.get(), token_.get()) != 0) PyErr_Clear();
  PyErr_Restore(type, value, traceback);
}

}  // namespace sioserve::bridge
