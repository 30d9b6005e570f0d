#include "asgi-bridge/json.h"

#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

namespace sioserve::bridge {
namespace {

constexpr int max_depth = 200;

// Writes one JSON text. After a failure an exception is set, and `path_` leads to the value that
// can't be encoded.
class Encoder {
 public:
  Encoder(const Gil& gil, PyObject* json_default, EncodedArgs& out)
      : gil_(gil), default_(json_default), out_(out) {}

  bool write(PyObject* value) {
    if (PyUnicode_Check(value)) return write_str(value);
    if (value == Py_None) return append("null");
    if (value == Py_True) return append("true");
    if (value == Py_False) return append("false");
    if (PyLong_Check(value)) return write_int(value);
    if (PyFloat_Check(value)) return write_float(value);
    if (PyDict_Check(value)) return nested(value, &Encoder::write_dict);
    if (PyList_Check(value) || PyTuple_Check(value)) return nested(value, &Encoder::write_sequence);
    if (PyBytes_Check(value) || PyByteArray_Check(value) || PyMemoryView_Check(value)) {
      return write_attachment(value);
    }
    return nested(value, &Encoder::write_default);
  }

  // Adds the path to the value to the message of a TypeError or ValueError, with the original
  // exception as its cause. Other exceptions (from json_default) are not changed.
  void add_path_to_error() {
    const bool is_type_error = PyErr_ExceptionMatches(PyExc_TypeError) != 0;
    if (!is_type_error && PyErr_ExceptionMatches(PyExc_ValueError) == 0) return;
    PyRef original = take_exception(gil_);
    PyErr_Format(is_type_error ? PyExc_TypeError : PyExc_ValueError, "%S at $%s", original.get(),
                 path_.c_str());
    PyRef error = take_exception(gil_);
    PyException_SetCause(error.get(), original.release());
    PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error.get())), error.get());
  }

 private:
  bool append(std::string_view text) {
    out_.json.append(text);
    return true;
  }

  bool nested(PyObject* value, bool (Encoder::*write_it)(PyObject*)) {
    if (depth_ >= max_depth) {
      PyErr_SetString(PyExc_ValueError, "nested too deeply, or contains itself");
      return false;
    }
    ++depth_;
    const bool written = (this->*write_it)(value);
    --depth_;
    return written;
  }

  bool write_str(PyObject* value) {
    Py_ssize_t size = 0;
    const char* text = PyUnicode_AsUTF8AndSize(value, &size);
    if (text == nullptr) return false;
    write_escaped(std::string_view(text, static_cast<std::size_t>(size)));
    return true;
  }

  void write_escaped(std::string_view text) {
    static constexpr char hex[] = "0123456789abcdef";
    out_.json.push_back('"');
    std::size_t start = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto byte = static_cast<unsigned char>(text[i]);
      if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
      out_.json.append(text.substr(start, i - start));
      start = i + 1;
      out_.json.push_back('\\');
      switch (byte) {
        case '"':
        case '\\':
          out_.json.push_back(static_cast<char>(byte));
          break;
        case '\n':
          out_.json.push_back('n');
          break;
        case '\r':
          out_.json.push_back('r');
          break;
        case '\t':
          out_.json.push_back('t');
          break;
        default:
          out_.json.append("u00");
          out_.json.push_back(hex[byte >> 4]);
          out_.json.push_back(hex[byte & 0xf]);
      }
    }
    out_.json.append(text.substr(start));
    out_.json.push_back('"');
  }

  bool write_int(PyObject* value) {
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow == 0) {
      char digits[24];
      const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
      return append(std::string_view(digits, static_cast<std::size_t>(end - digits)));
    }
    // Not str(value): a subclass such as IntEnum may override it.
    const PyRef text = PyRef::steal(PyLong_Type.tp_repr(value));
    return text && append_ascii(text.get());
  }

  bool write_float(PyObject* value) {
    const double number = PyFloat_AS_DOUBLE(value);
    if (!std::isfinite(number)) {
      PyErr_SetString(PyExc_ValueError, "NaN and infinity are not JSON");
      return false;
    }
    const PyRef text = PyRef::steal(PyFloat_Type.tp_repr(value));
    return text && append_ascii(text.get());
  }

  bool append_ascii(PyObject* text) {
    Py_ssize_t size = 0;
    const char* chars = PyUnicode_AsUTF8AndSize(text, &size);
    return chars != nullptr && append(std::string_view(chars, static_cast<std::size_t>(size)));
  }

  bool write_sequence(PyObject* value) {
    out_.json.push_back('[');
    // The size is read again each time: json_default may change the list.
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(value); ++i) {
      if (i > 0) out_.json.push_back(',');
      const PyRef item = PyRef::borrow(PySequence_Fast_GET_ITEM(value, i));
      if (!write(item.get())) {
        path_.insert(0, "[" + std::to_string(i) + "]");
        return false;
      }
    }
    out_.json.push_back(']');
    return true;
  }

  bool write_dict(PyObject* value) {
    // Uses items(): json_default may change the dict while it is encoded, and subclasses such as
    // Django's QueryDict return other values from items(). The json module does the same.
    const PyRef items = PyRef::steal(PyMapping_Items(value));
    if (!items) return false;
    out_.json.push_back('{');
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items.get()); ++i) {
      if (i > 0) out_.json.push_back(',');
      PyObject* const item = PyList_GET_ITEM(items.get(), i);
      if (!PyTuple_Check(item) || PyTuple_GET_SIZE(item) != 2) {
        PyErr_SetString(PyExc_ValueError, "items() must give pairs");
        return false;
      }
      PyObject* const key = PyTuple_GET_ITEM(item, 0);
      if (!write_key(key)) return false;
      out_.json.push_back(':');
      if (!write(PyTuple_GET_ITEM(item, 1))) {
        prepend_key_to_path(key);
        return false;
      }
    }
    out_.json.push_back('}');
    return true;
  }

  // Numbers, booleans and None become their JSON text, as in the json module.
  bool write_key(PyObject* key) {
    if (PyUnicode_Check(key)) return write_str(key);
    if (key == Py_None || PyBool_Check(key) || PyLong_Check(key) || PyFloat_Check(key)) {
      out_.json.push_back('"');
      if (!write(key)) return false;
      out_.json.push_back('"');
      return true;
    }
    PyErr_Format(PyExc_TypeError, "keys must be str, int, float, bool or None, not %.100s",
                 Py_TYPE(key)->tp_name);
    return false;
  }

  void prepend_key_to_path(PyObject* key) {
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    const PyRef text = PyRef::steal(PyObject_Str(key));
    const char* name = text ? PyUnicode_AsUTF8(text.get()) : nullptr;
    path_.insert(0, "." + std::string(name == nullptr ? "?" : name));
    PyErr_Restore(type, value, traceback);
  }

  bool write_attachment(PyObject* value) {
    BufferView buffer;
    // PyBUF_FULL_RO: a memoryview may have gaps or several dimensions.
    if (!buffer.open(value, PyBUF_FULL_RO)) return false;
    out_.json.append(R"({"_placeholder":true,"num":)");
    out_.json.append(std::to_string(out_.attachments.size()));
    out_.json.push_back('}');
    std::string& bytes = out_.attachments.emplace_back(buffer.size(), '\0');
    return PyBuffer_ToContiguous(bytes.data(), &buffer.get(), buffer.get().len, 'C') == 0;
  }

  bool write_default(PyObject* value) {
    if (default_ == nullptr || default_ == Py_None) {
      PyErr_Format(PyExc_TypeError, "Object of type %.100s is not JSON serializable",
                   Py_TYPE(value)->tp_name);
      return false;
    }
    const PyRef replacement = PyRef::steal(PyObject_CallOneArg(default_, value));
    return replacement && write(replacement.get());
  }

  const Gil& gil_;
  PyObject* default_;
  EncodedArgs& out_;
  std::string path_;
  int depth_ = 0;
};

}  // namespace

std::optional<EncodedArgs> encode_args(const Gil& gil, PyObject* args, PyObject* json_default) {
  if (!PyList_Check(args) && !PyTuple_Check(args)) {
    PyErr_SetString(PyExc_TypeError, "event arguments must be a list or tuple");
    return std::nullopt;
  }
  EncodedArgs encoded;
  Encoder encoder(gil, json_default, encoded);
  if (!encoder.write(args)) {
    encoder.add_path_to_error();
    return std::nullopt;
  }
  return encoded;
}

std::optional<std::string> encode_json(const Gil& gil, PyObject* value, PyObject* json_default) {
  EncodedArgs encoded;
  Encoder encoder(gil, json_default, encoded);
  if (!encoder.write(value)) {
    encoder.add_path_to_error();
    return std::nullopt;
  }
  if (!encoded.attachments.empty()) {
    PyErr_SetString(PyExc_TypeError, "bytes are not possible here");
    return std::nullopt;
  }
  return std::move(encoded.json);
}

}  // namespace sioserve::bridge
