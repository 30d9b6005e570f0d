#include "asgi-bridge/arguments.h"

namespace sioserve::bridge {

bool read_text(PyObject* argument, std::string& text) {
  Py_ssize_t size = 0;
  const char* chars = PyUnicode_AsUTF8AndSize(argument, &size);
  if (chars == nullptr) return false;
  text.assign(chars, static_cast<std::size_t>(size));
  return true;
}

bool read_strings(PyObject* argument, std::vector<std::string>& strings) {
  if (argument == nullptr) return true;
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

}  // namespace sioserve::bridge
