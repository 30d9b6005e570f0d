#include "asgi-bridge/message.h"

#include <utility>

namespace sioserve::bridge {
namespace {

std::string to_string(PyObject* bytes) {
  return std::string(PyBytes_AS_STRING(bytes), static_cast<std::size_t>(PyBytes_GET_SIZE(bytes)));
}

// As most headers are given.
bool is_pair_of_bytes(PyObject* item) {
  return PyTuple_Check(item) && PyTuple_GET_SIZE(item) == 2 &&
         PyBytes_Check(PyTuple_GET_ITEM(item, 0)) && PyBytes_Check(PyTuple_GET_ITEM(item, 1));
}

std::optional<std::string> copy_buffer(PyObject* value) {
  if (PyBytes_Check(value)) return to_string(value);
  BufferView buffer;
  if (!buffer.open(value, PyBUF_CONTIG_RO)) return std::nullopt;
  return std::string(static_cast<const char*>(buffer.get().buf), buffer.size());
}

// An optional value: null if it is absent or None. `failed`: an exception is set.
PyObject* find_value(PyObject* message, const PyRef& key, bool& failed) {
  PyObject* value = find_item(message, key);
  failed = value == nullptr && PyErr_Occurred() != nullptr;
  return value == Py_None ? nullptr : value;
}

}  // namespace

PyObject* find_item(PyObject* message, const PyRef& key) {
  return PyDict_GetItemWithError(message, key.get());
}

PyObject* message_type(PyObject* message, const PyRef& type_key) {
  if (!PyDict_Check(message)) {
    PyErr_Format(PyExc_TypeError, "an ASGI message must be a dict, not %.100s",
                 Py_TYPE(message)->tp_name);
    return nullptr;
  }
  PyObject* type = find_item(message, type_key);
  if (type == nullptr) {
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_KeyError, "an ASGI message must have a 'type'");
    return nullptr;
  }
  if (!PyUnicode_Check(type)) {
    PyErr_SetString(PyExc_TypeError, "the 'type' of an ASGI message must be a str");
    return nullptr;
  }
  return type;
}

bool is_type(PyObject* type, std::string_view name) {
  // A member of an enumeration of strings is not compact.
  if (!PyUnicode_IS_COMPACT_ASCII(type)) {
    return PyUnicode_CompareWithASCIIString(type, std::string(name).c_str()) == 0;
  }
  return std::string_view(reinterpret_cast<const char*>(PyUnicode_1BYTE_DATA(type)),
                          static_cast<std::size_t>(PyUnicode_GET_LENGTH(type))) == name;
}

std::optional<std::string> read_bytes(const Gil&, PyObject* message, const PyRef& key) {
  bool failed = false;
  PyObject* value = find_value(message, key, failed);
  if (failed) return std::nullopt;
  if (value == nullptr) return std::string();
  return copy_buffer(value);
}

std::optional<std::vector<std::string>> read_bytes_list(const Gil&, PyObject* message,
                                                        const PyRef& key) {
  bool failed = false;
  PyObject* value = find_value(message, key, failed);
  if (failed) return std::nullopt;
  std::vector<std::string> items;
  if (value == nullptr) return items;
  const PyRef list = PyRef::steal(PySequence_Fast(value, "must be an iterable of bytes"));
  if (!list) return std::nullopt;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(list.get()); ++i) {
    auto item = copy_buffer(PySequence_Fast_GET_ITEM(list.get(), i));
    if (!item) return std::nullopt;
    items.push_back(std::move(*item));
  }
  return items;
}

std::optional<std::string> read_path(const Gil&, PyObject* message, const PyRef& key) {
  bool failed = false;
  PyObject* value = find_value(message, key, failed);
  if (value == nullptr) {
    if (!failed) PyErr_Format(PyExc_KeyError, "the message has no %R", key.get());
    return std::nullopt;
  }
  PyObject* encoded = nullptr;
  if (PyUnicode_FSConverter(value, &encoded) == 0) return std::nullopt;
  const PyRef bytes = PyRef::steal(encoded);
  return std::string(PyBytes_AS_STRING(encoded),
                     static_cast<std::size_t>(PyBytes_GET_SIZE(encoded)));
}

std::optional<std::string> read_str(const Gil&, PyObject* message, const PyRef& key) {
  bool failed = false;
  PyObject* value = find_value(message, key, failed);
  if (failed) return std::nullopt;
  if (value == nullptr) return std::string();
  Py_ssize_t size = 0;
  if (!PyUnicode_Check(value)) {
    PyErr_Format(PyExc_TypeError, "%R must be a str, not %.100s", key.get(),
                 Py_TYPE(value)->tp_name);
    return std::nullopt;
  }
  const char* text = PyUnicode_AsUTF8AndSize(value, &size);
  if (text == nullptr) return std::nullopt;
  return std::string(text, static_cast<std::size_t>(size));
}

std::string text_attribute(const Gil&, PyObject* object, const PyRef& name) {
  const PyRef value = PyRef::steal(PyObject_GetAttr(object, name.get()));
  Py_ssize_t size = 0;
  const char* const text =
      value && PyUnicode_Check(value.get()) ? PyUnicode_AsUTF8AndSize(value.get(), &size) : nullptr;
  PyErr_Clear();
  return text == nullptr ? std::string() : std::string(text, static_cast<std::size_t>(size));
}

std::optional<long> read_int(const Gil&, PyObject* message, const PyRef& key, long absent) {
  bool failed = false;
  PyObject* value = find_value(message, key, failed);
  if (failed) return std::nullopt;
  if (value == nullptr) return absent;
  const long number = PyLong_AsLong(value);
  if (number == -1 && PyErr_Occurred()) return std::nullopt;
  return number;
}

std::optional<bool> read_bool(const Gil&, PyObject* message, const PyRef& key) {
  bool failed = false;
  PyObject* value = find_value(message, key, failed);
  if (failed) return std::nullopt;
  if (value == nullptr) return false;
  const int truth = PyObject_IsTrue(value);
  if (truth < 0) return std::nullopt;
  return truth == 1;
}

std::optional<Headers> read_headers(const Gil&, PyObject* message, const PyRef& key) {
  bool failed = false;
  PyObject* value = find_value(message, key, failed);
  if (failed) return std::nullopt;
  Headers headers;
  if (value == nullptr) return headers;
  const PyRef list = PyRef::steal(PySequence_Fast(value, "headers must be iterable"));
  if (!list) return std::nullopt;
  headers.reserve(static_cast<std::size_t>(PySequence_Fast_GET_SIZE(list.get())));
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(list.get()); ++i) {
    PyObject* const item = PySequence_Fast_GET_ITEM(list.get(), i);
    if (is_pair_of_bytes(item)) {
      headers.emplace_back(
          Header{to_string(PyTuple_GET_ITEM(item, 0)), to_string(PyTuple_GET_ITEM(item, 1))});
      continue;
    }
    const PyRef pair = PyRef::steal(PySequence_Fast(item, "a header must be a pair of bytes"));
    if (!pair) return std::nullopt;
    if (PySequence_Fast_GET_SIZE(pair.get()) != 2) {
      PyErr_SetString(PyExc_ValueError, "a header must be a pair of bytes");
      return std::nullopt;
    }
    auto name = copy_buffer(PySequence_Fast_GET_ITEM(pair.get(), 0));
    if (!name) return std::nullopt;
    auto header_value = copy_buffer(PySequence_Fast_GET_ITEM(pair.get(), 1));
    if (!header_value) return std::nullopt;
    headers.push_back(Header{std::move(*name), std::move(*header_value)});
  }
  return headers;
}

}  // namespace sioserve::bridge
