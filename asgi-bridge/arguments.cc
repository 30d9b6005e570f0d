#include "asgi-bridge/arguments.h"

namespace sioserve::bridge {

bool has_count(const char* method, Py_ssize_t count, Py_ssize_t wanted) {
  if (count == wanted) return true;
  PyErr_Format(PyExc_TypeError, "%s() takes exactly %zd arguments, not %zd", method, wanted, count);
  return false;
}

bool has_count(const char* method, Py_ssize_t count, Py_ssize_t least, Py_ssize_t most) {
  if (least <= count && count <= most) return true;
  PyErr_Format(PyExc_TypeError, "%s() takes from %zd to %zd arguments, not %zd", method, least,
               most, count);
  return false;
}

bool read_truth(PyObject* const* args, Py_ssize_t count, Py_ssize_t index, bool& truth) {
  if (index >= count) return true;
  const int found = PyObject_IsTrue(args[index]);
  if (found >= 0) truth = found != 0;
  return found >= 0;
}

bool read_text(PyObject* argument, std::string& text) {
  Py_ssize_t size = 0;
  const char* chars = PyUnicode_AsUTF8AndSize(argument, &size);
  if (chars == nullptr) return false;
  text.assign(chars, static_cast<std::size_t>(size));
  return true;
}

bool read_strings(PyObject* argument, std::vector<std::string>& strings) {
  if (argument == nullptr) return true;
  if (PyAnySet_Check(argument) && PySet_GET_SIZE(argument) == 0) return true;
  const PyRef list = PyRef::steal(PySequence_Fast(argument, "a sequence of str is needed"));
  if (!list) return false;
  strings.clear();
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(list.get()); ++i) {
    Py_ssize_t size = 0;
    const char* text = PyUnicode_AsUTF8AndSize(PySequence_Fast_GET_ITEM(list.get(), i), &size);
    if (text == nullptr) return false;
    strings.emplace_back(text, static_cast<std::size_t>(size));
  }
  return true;
}

bool read_unsigned(PyObject* argument, const char* name, std::uint64_t max, std::uint64_t& number) {
  const PyRef index = PyRef::steal(PyNumber_Index(argument));
  if (!index) {
    if (PyErr_ExceptionMatches(PyExc_TypeError)) {
      PyErr_Format(PyExc_TypeError, "%s must be an int, not %.100s", name,
                   Py_TYPE(argument)->tp_name);
    }
    return false;
  }
  number = PyLong_AsUnsignedLongLong(index.get());
  const bool failed = PyErr_Occurred() != nullptr;
  if (failed && !PyErr_ExceptionMatches(PyExc_OverflowError)) return false;
  if (!failed && number <= max) return true;
  PyErr_Format(PyExc_ValueError, "%s must be from 0 to %llu", name,
               static_cast<unsigned long long>(max));
  return false;
}

bool read_milliseconds(PyObject* argument, const char* name, Milliseconds& time) {
  constexpr std::uint64_t century = 100ull * 365 * 24 * 60 * 60 * 1000;
  std::uint64_t count = 0;
  if (!read_unsigned(argument, name, century, count)) return false;
  time = Milliseconds(static_cast<std::int64_t>(count));
  return true;
}

}  // namespace sioserve::bridge
