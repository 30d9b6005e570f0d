// A C++ value inside a Python object, with support for Python's garbage collector: the value
// reports its references in traverse(), and drops those that may form a cycle in clear().
#pragma once

#include <new>
#include <utility>

#include "asgi-bridge/python.h"

namespace sioserve::bridge {

// Gets the references that a value owns, each as often as the value owns it.
class Visitor {
 public:
  Visitor(visitproc visit, void* argument) : visit_(visit), argument_(argument) {}
  void operator()(const PyRef& reference) { (*this)(reference.get()); }
  void operator()(PyObject* object) {
    if (result_ == 0 && object != nullptr) result_ = visit_(object, argument_);
  }
  int result() const { return result_; }

 private:
  visitproc visit_;
  void* argument_;
  int result_ = 0;
};

// Only make_object() creates it, so types of such objects have no constructor in Python.
template <typename T>
struct PyBox {
  PyObject_HEAD T value;
};

template <typename T>
T& unbox(PyObject* object) {
  return reinterpret_cast<PyBox<T>*>(object)->value;
}

// For an object whose value has been destroyed or was never constructed.
inline void free_object(PyObject* object) {
  PyTypeObject* type = Py_TYPE(object);
  type->tp_free(object);
  Py_DECREF(type);
}

// Memory for an object that the collector does not track; null with an exception set.
inline PyObject* allocate(PyTypeObject* type) {
  // An object of a class that is derived from such a type in Python has more members than ours.
  if (PyType_HasFeature(type, Py_TPFLAGS_BASETYPE)) {
    PyObject* const object = type->tp_alloc(type, 0);
    if (object != nullptr) PyObject_GC_UnTrack(object);
    return object;
  }
  return PyObject_GC_New(PyObject, type);
}

// The collector tracks the object only after its value is complete.
template <typename T, typename... Args>
PyRef make_object(const Gil&, PyTypeObject* type, Args&&... args) {
  PyObject* object = allocate(type);
  if (object == nullptr) return PyRef();
  try {
    ::new (static_cast<void*>(&unbox<T>(object))) T(std::forward<Args>(args)...);
  } catch (...) {
    free_object(object);
    throw;
  }
  PyObject_GC_Track(object);
  return PyRef::steal(object);
}

// --- The slots of such a type ---

template <typename T>
int traverse_object(PyObject* object, visitproc visit, void* argument) {
  Visitor visitor(visit, argument);
  visitor(reinterpret_cast<PyObject*>(Py_TYPE(object)));
  unbox<T>(object).traverse(visitor);
  return visitor.result();
}

template <typename T>
int clear_object(PyObject* object) {
  unbox<T>(object).clear(Gil::held_by_caller());
  return 0;
}

// clear() is always called before the destructor.
template <typename T>
void dealloc_object(PyObject* object) {
  PyObject_GC_UnTrack(object);
  if constexpr (requires(T value) { value.clear(Gil::held_by_caller()); }) clear_object<T>(object);
  unbox<T>(object).~T();
  free_object(object);
}

}  // namespace sioserve::bridge
