#include "asgi-bridge/coroutine.h"

namespace sioserve::bridge {
namespace {

// A generator that types.coroutine() decorates.
bool is_awaitable_generator(const Gil& gil, PyObject* object) {
  if (!PyGen_CheckExact(object)) return false;
  const PyRef code = attribute(gil, object, "gi_code");
  return code &&
         (reinterpret_cast<PyCodeObject*>(code.get())->co_flags & CO_ITERABLE_COROUTINE) != 0;
}

}  // namespace

PyObject* result_of_send(PySendResult status, PyObject* result) {
  switch (status) {
    case PYGEN_NEXT:
      return result;
    case PYGEN_ERROR:
      return nullptr;
    case PYGEN_RETURN:
      // As a coroutine returns its value.
      PyErr_SetObject(PyExc_StopIteration, PyRef::steal(result).get());
      return nullptr;
  }
  return nullptr;
}

PyRef await_iterator(const Gil& gil, const PyRef& awaitable) {
  PyObject* const object = awaitable.get();
  if (PyCoro_CheckExact(object) || is_awaitable_generator(gil, object)) return awaitable;
  const PyAsyncMethods* const methods = Py_TYPE(object)->tp_as_async;
  if (methods == nullptr || methods->am_await == nullptr) {
    PyErr_Format(PyExc_TypeError, "object %.100s can't be used in 'await' expression",
                 Py_TYPE(object)->tp_name);
    return PyRef();
  }
  PyRef iterator = PyRef::steal(methods->am_await(object));
  if (!iterator || PyIter_Check(iterator.get()) != 0) return iterator;
  PyErr_Format(PyExc_TypeError, "__await__() returned non-iterator of type '%.100s'",
               Py_TYPE(iterator.get())->tp_name);
  return PyRef();
}

PyRef throw_here(const Gil&, PyObject* args) {
  PyObject *type, *value = nullptr, *traceback = nullptr;
  if (!PyArg_ParseTuple(args, "O|OO", &type, &value, &traceback)) return PyRef();
  if (PyExceptionInstance_Check(type)) {
    PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(type)), type);
  } else {
    PyErr_SetObject(type, value);
  }
  return PyRef();
}

PyRef throw_into(const Gil& gil, const PyRef& iterator, PyObject* args) {
  const PyRef method = attribute(gil, iterator.get(), "throw");
  if (method) return PyRef::steal(PyObject_Call(method.get(), args, nullptr));
  PyErr_Clear();
  return throw_here(gil, args);
}

PyRef take_returned_value(const Gil& gil) {
  if (PyErr_ExceptionMatches(PyExc_StopIteration) == 0) return PyRef();
  const PyRef stop = take_exception(gil);
  return attribute(gil, stop.get(), "value");
}

}  // namespace sioserve::bridge
