// Owning references and the proof that the GIL is held: the only header that includes Python.h.
#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "server/base/utf8.h"

namespace sioserve::bridge {

// A thread that has one holds the GIL. Functions that use Python objects take it as an argument; C
// entry points that the interpreter calls create it with held_by_caller().
class Gil {
 public:
  static Gil held_by_caller() { return Gil(); }

 private:
  Gil() = default;
};

// For a thread that waits for the GIL when the interpreter ends. From 3.14 on, CPython lets it
// hang. Before, it calls pthread_exit(), which unwinds C++ frames, but destructors must neither be
// left by it nor release Python objects without the GIL: the first frame that notices lets the
// thread hang, too.
[[noreturn]] inline void hang_thread() {
  for (;;) pause();
}

// Releases the GIL for a C++ scope that may block.
class GilRelease {
 public:
  explicit GilRelease(const Gil&) : state_(PyEval_SaveThread()) {}
  ~GilRelease() {
    try {
      PyEval_RestoreThread(state_);
    } catch (...) {
      hang_thread();
    }
  }
  GilRelease(const GilRelease&) = delete;
  GilRelease& operator=(const GilRelease&) = delete;

 private:
  PyThreadState* state_;
};

// A strong reference, or null: then usually a Python exception is set. The only type in this code
// that owns a PyObject*. Create, copy and destroy it only with the GIL held.
class PyRef {
 public:
  PyRef() = default;
  static PyRef steal(PyObject* object) { return PyRef(object); }
  static PyRef borrow(PyObject* object) { return PyRef(Py_XNewRef(object)); }

  PyRef(const PyRef& other) : object_(Py_XNewRef(other.object_)) {}
  PyRef(PyRef&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  PyRef& operator=(PyRef other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~PyRef() { Py_XDECREF(object_); }

  PyObject* get() const { return object_; }
  PyObject* release() { return std::exchange(object_, nullptr); }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  explicit PyRef(PyObject* object) : object_(object) {}
  PyObject* object_ = nullptr;
};

// The bytes of an object with a buffer, for a C++ scope.
class BufferView {
 public:
  // False with an exception set if it has no buffer of this kind (PyBUF_...).
  bool open(PyObject* object, int kind) {
    open_ = PyObject_GetBuffer(object, &view_, kind) == 0;
    return open_;
  }
  BufferView() = default;
  ~BufferView() {
    if (open_) PyBuffer_Release(&view_);
  }
  BufferView(const BufferView&) = delete;
  BufferView& operator=(const BufferView&) = delete;

  Py_buffer& get() { return view_; }
  std::size_t size() const { return static_cast<std::size_t>(view_.len); }

 private:
  Py_buffer view_;
  bool open_ = false;
};

inline PyRef none() { return PyRef::borrow(Py_None); }

inline PyRef to_py_bytes(const Gil&, std::string_view bytes) {
  return PyRef::steal(
      PyBytes_FromStringAndSize(bytes.data(), static_cast<Py_ssize_t>(bytes.size())));
}

// Decodes UTF-8; invalid bytes become U+FFFD.
inline PyRef to_py_str(const Gil&, std::string_view text) {
  // CPython copies ASCII eight bytes at a time.
  constexpr std::size_t worth_a_look = 64;
  if (text.size() >= worth_a_look && is_ascii(text)) {
    PyRef made = PyRef::steal(PyUnicode_New(static_cast<Py_ssize_t>(text.size()), 127));
    if (made) std::memcpy(PyUnicode_1BYTE_DATA(made.get()), text.data(), text.size());
    return made;
  }
  return PyRef::steal(
      PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace"));
}

inline PyRef to_py_int(const Gil&, std::uint64_t number) {
  return PyRef::steal(PyLong_FromUnsignedLongLong(number));
}

inline PyRef attribute(const Gil&, PyObject* object, const char* name) {
  return PyRef::steal(PyObject_GetAttrString(object, name));
}

inline PyRef attribute(const Gil&, const PyRef& object, const PyRef& name) {
  return PyRef::steal(PyObject_GetAttr(object.get(), name.get()));
}

inline PyRef import_attribute(const Gil& gil, const char* module, const char* name) {
  const PyRef imported = PyRef::steal(PyImport_ImportModule(module));
  return imported ? attribute(gil, imported.get(), name) : PyRef();
}

// Takes the exception that is set, with its traceback, and clears it.
inline PyRef take_exception(const Gil&) {
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  if (traceback != nullptr) PyException_SetTraceback(value, traceback);
  Py_XDECREF(type);
  Py_XDECREF(traceback);
  return PyRef::steal(value);
}

}  // namespace sioserve::bridge
