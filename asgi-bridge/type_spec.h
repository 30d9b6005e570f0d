// The parts of a Python type. Its methods, properties and slots accept only guarded functions
// (guard.h), so no C++ exception reaches the interpreter.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>
#include <vector>

#include "asgi-bridge/guard.h"
#include "asgi-bridge/object.h"
#include "asgi-bridge/python.h"

namespace sioserve::bridge {

class Method {
 public:
  using Row = PyMethodDef;
  Row row() const { return row_; }

  // f(self, null), f(self, argument), f(self, tuple) and f(self, tuple, dict or null).
  template <auto Function>
  static Method no_arguments(const char* name) {
    return Method({name, guarded<Function>, METH_NOARGS, nullptr});
  }
  template <auto Function>
  static Method one_argument(const char* name) {
    return Method({name, guarded<Function>, METH_O, nullptr});
  }
  template <auto Function>
  static Method positional(const char* name) {
    return Method({name, guarded<Function>, METH_VARARGS, nullptr});
  }
  // f(self, arguments, count): needs no tuple.
  template <auto Function>
  static Method array(const char* name) {
    constexpr _PyCFunctionFast function = guarded<Function>;
    return Method({name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function)),
                   METH_FASTCALL, nullptr});
  }
  template <auto Function>
  static Method keywords(const char* name) {
    constexpr PyCFunctionWithKeywords function = guarded<Function>;
    return Method({name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function)),
                   METH_VARARGS | METH_KEYWORDS, nullptr});
  }

 private:
  explicit Method(Row row) : row_(row) {}
  Row row_;
};

// A read-only property.
class Property {
 public:
  using Row = PyGetSetDef;
  Row row() const { return row_; }

  // f(self, closure)
  template <auto Function>
  static Property read_by(const char* name, const char* closure = nullptr) {
    return Property({name, guarded<Function>, nullptr, nullptr, const_cast<char*>(closure)});
  }

 private:
  explicit Property(Row row) : row_(row) {}
  Row row_;
};

// Must live as long as the type: the type's descriptors refer to the rows.
template <typename Entry>
class Table {
 public:
  explicit Table(std::initializer_list<std::span<const Entry>> parts) {
    for (const auto part : parts) {
      for (const Entry& entry : part) rows_.push_back(entry.row());
    }
    rows_.push_back({});
  }
  typename Entry::Row* rows() { return rows_.data(); }

 private:
  std::vector<typename Entry::Row> rows_;
};
using MethodTable = Table<Method>;
using PropertyTable = Table<Property>;

// The member `vectorcall` of a T whose objects are called with an array of arguments (PEP 590):
// f(self, arguments, count, tuple of names or null).
class Vectorcall {
 public:
  template <auto Function>
  static Vectorcall function() {
    return Vectorcall(guarded<Function>);
  }

 private:
  explicit Vectorcall(vectorcallfunc guarded_function) : function_(guarded_function) {}
  vectorcallfunc function_;
};

class Slot {
 public:
  template <auto Function>
  static Slot function(int id) {
    return Slot({id, reinterpret_cast<void*>(guarded<Function>)});
  }
  static Slot methods(MethodTable& table) { return Slot({Py_tp_methods, table.rows()}); }
  static Slot properties(PropertyTable& table) { return Slot({Py_tp_getset, table.rows()}); }
  static Slot members(PyMemberDef* rows) { return Slot({Py_tp_members, rows}); }
  static Slot call_by_vectorcall() {
    return Slot({Py_tp_call, reinterpret_cast<void*>(&PyVectorcall_Call)});
  }
  PyType_Slot row() const { return row_; }

 private:
  explicit Slot(PyType_Slot row) : row_(row) {}
  PyType_Slot row_;
};

// Null with an exception set on failure. `name` includes the module's name. A `size` of 0 is the
// size of `base`, which otherwise may be null.
PyRef make_type(const Gil& gil, PyObject* module, const char* name, std::size_t size,
                unsigned int flags, const std::vector<Slot>& slots, PyObject* base = nullptr);

// A type whose objects contain a T, created with make_object<T>(). T has traverse(Visitor&). T also
// has clear(const Gil&), unless each cycle through it contains another object with a clear(). If T
// has a member `vectorcall`, its objects can be called.
template <typename T>
PyRef make_box_type(const Gil& gil, PyObject* module, const char* name, unsigned int flags,
                    std::vector<Slot> slots) {
  slots.push_back(Slot::function<&dealloc_object<T>>(Py_tp_dealloc));
  slots.push_back(Slot::function<&traverse_object<T>>(Py_tp_traverse));
  if constexpr (requires(T value) { value.clear(gil); }) {
    slots.push_back(Slot::function<&clear_object<T>>(Py_tp_clear));
  }
  if constexpr (requires(T value) { value.vectorcall; }) {
    static PyMemberDef members[] = {
        {"__vectorcalloffset__", T_PYSSIZET, offsetof(PyBox<T>, value) + offsetof(T, vectorcall),
         READONLY, nullptr},
        {}};
    slots.push_back(Slot::members(members));
    slots.push_back(Slot::call_by_vectorcall());
    flags |= Py_TPFLAGS_HAVE_VECTORCALL;
  }
  return make_type(gil, module, name, sizeof(PyBox<T>), flags | Py_TPFLAGS_HAVE_GC, slots);
}

}  // namespace sioserve::bridge
