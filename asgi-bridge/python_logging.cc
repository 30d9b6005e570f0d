#include "asgi-bridge/python_logging.h"

namespace sioserve::bridge {

// The cache is a dict by levels; logging empties it when a level changes.
int is_enabled_for(const Gil& gil, const PyRef& logger, const PyRef& level) {
  const PyRef cache = attribute(gil, logger.get(), "_cache");
  if (cache && PyDict_CheckExact(cache.get())) {
    PyObject* const cached = PyDict_GetItemWithError(cache.get(), level.get());
    if (cached == Py_False) return 0;  // a logger that is disabled is not enabled either
  }
  PyErr_Clear();
  const PyRef enabled =
      PyRef::steal(PyObject_CallMethod(logger.get(), "isEnabledFor", "O", level.get()));
  return enabled ? PyObject_IsTrue(enabled.get()) : -1;
}

}  // namespace sioserve::bridge
