#include "asgi-bridge/guard.h"

#include <exception>
#include <new>
#include <system_error>

namespace sioserve::bridge {
namespace {

void set_os_error(const std::system_error& error) {
  const PyRef message = to_py_str(Gil::held_by_caller(), error.what());
  if (!message) return;
  // OSError's constructor selects the subclass, for example PermissionError.
  const PyRef raised =
      PyRef::steal(PyObject_CallFunction(PyExc_OSError, "iO", error.code().value(), message.get()));
  if (raised) PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(raised.get())), raised.get());
}

void set_runtime_error(const char* what) {
  const PyRef message = to_py_str(Gil::held_by_caller(), what);
  if (message) PyErr_SetObject(PyExc_RuntimeError, message.get());
}

}  // namespace

void set_python_exception() {
  PyErr_Clear();
  try {
    throw;
  } catch (const std::system_error& error) {
    set_os_error(error);
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& error) {
    set_runtime_error(error.what());
  } catch (...) {
    set_runtime_error("an unknown C++ exception");
  }
}

void report_unraisable_exception() {
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  set_python_exception();
  PyErr_WriteUnraisable(nullptr);
  PyErr_Restore(type, value, traceback);
}

}  // namespace sioserve::bridge
