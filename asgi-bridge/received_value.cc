#include "asgi-bridge/received_value.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "socketio/parser/json_reader.h"
#include "socketio/parser/msgpack_reader.h"
#include "socketio/parser/placeholders.h"
#include "socketio/parser/value_budget.h"

namespace sioserve::bridge {
namespace {

// The I/O thread has already applied the limits.
constexpr std::size_t any_depth = std::numeric_limits<std::size_t>::max();

// A handler for the JSON and MessagePack readers. The elements of incomplete arrays and objects are
// on a stack.
class ObjectBuilder {
 public:
  ObjectBuilder(const Gil& gil, std::span<const std::string> attachments, KeyCache& keys)
      : gil_(gil), attachments_(attachments), keys_(keys) {
    values_.reserve(usual_values);
  }

  // PyUnicode_DecodeUTF8() checks it.
  static constexpr bool checks_utf8 = true;

  // The complete value.
  PyRef take() { return std::move(values_.front()); }

  bool null() { return push(none()); }
  bool boolean(bool value) {
    if (has_attachments()) placeholders_.boolean(value);
    return push(PyRef::borrow(value ? Py_True : Py_False));
  }
  bool integer(std::uint64_t value) {
    if (has_attachments()) placeholders_.integer(value);
    return push(PyRef::steal(PyLong_FromUnsignedLongLong(value)));
  }
  bool integer(std::int64_t value) { return push(PyRef::steal(PyLong_FromLongLong(value))); }
  bool long_integer(std::string_view digits, double) {
    return push(PyRef::steal(PyLong_FromString(std::string(digits).c_str(), nullptr, 10)));
  }
  bool real(double value) { return push(PyRef::steal(PyFloat_FromDouble(value))); }
  bool string(std::string_view text) {
    return push(PyRef::steal(
        PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), nullptr)));
  }
  bool binary(std::string_view bytes) { return push(to_py_bytes(gil_, bytes)); }

  bool begin_array() {
    if (has_attachments()) placeholders_.begin_array();
    starts_.push_back(values_.size());
    return true;
  }
  bool end_array() {
    if (has_attachments()) placeholders_.end_array();
    const std::span<PyRef> elements = innermost();
    PyRef list = PyRef::steal(PyList_New(static_cast<Py_ssize_t>(elements.size())));
    if (!list) return false;
    Py_ssize_t index = 0;
    for (PyRef& element : elements) PyList_SET_ITEM(list.get(), index++, element.release());
    return replace_innermost(std::move(list));
  }

  bool begin_object() {
    if (has_attachments()) placeholders_.begin_object();
    starts_.push_back(values_.size());
    return true;
  }
  bool key(std::string_view name) {
    if (has_attachments()) placeholders_.key(name);
    return push(keys_.get(gil_, name));
  }
  bool end_object() {
    if (has_attachments() && placeholders_.end_object()) return end_placeholder();
    const std::span<PyRef> members = innermost();
    PyRef dict = PyRef::steal(PyDict_New());
    if (!dict) return false;
    for (std::size_t i = 0; i < members.size(); i += 2) {
      if (PyDict_SetItem(dict.get(), members[i].get(), members[i + 1].get()) != 0) return false;
    }
    return replace_innermost(std::move(dict));
  }

 private:
  static constexpr std::size_t usual_values = 16;

  bool has_attachments() const { return !attachments_.empty(); }

  bool push(PyRef value) {
    if (!value) return false;
    values_.push_back(std::move(value));
    return true;
  }

  std::span<PyRef> innermost() { return std::span(values_).subspan(starts_.back()); }

  bool replace_innermost(PyRef value) {
    values_.resize(starts_.back());
    starts_.pop_back();
    return push(std::move(value));
  }

  // Inside another placeholder, a placeholder may have any number, also repeatedly: the outer
  // placeholder replaces it. So a number without an attachment is no error here, and each
  // attachment is converted to one object only.
  bool end_placeholder() {
    const parser::Placeholders::Number number = placeholders_.found().back();
    if (!number || *number >= attachments_.size()) return replace_innermost(none());
    bytes_.resize(attachments_.size());
    PyRef& bytes = bytes_[*number];
    if (!bytes) bytes = to_py_bytes(gil_, attachments_[*number]);
    return replace_innermost(bytes);
  }

  const Gil& gil_;
  std::span<const std::string> attachments_;
  KeyCache& keys_;
  parser::Placeholders placeholders_;
  std::vector<PyRef> bytes_;         // of the attachments, created when they are needed
  std::vector<PyRef> values_;        // elements of arrays; names and values of objects alternate
  std::vector<std::size_t> starts_;  // where in values_ each incomplete array or object begins
};

}  // namespace

PyRef to_python(const Gil& gil, const ReceivedValue& value, KeyCache& keys) {
  ObjectBuilder builder(gil, value.attachments, keys);
  parser::ValueBudget any;
  bool read = false;
  switch (value.format) {
    case PayloadFormat::json:
      read = parser::JsonReader(value.payload, any_depth, any, builder).read_text();
      break;
    case PayloadFormat::msgpack:
      read = parser::MsgpackReader(value.payload, any_depth, any, builder).read_message();
      break;
  }
  if (read) return builder.take();
  if (PyErr_Occurred() == nullptr) {
    PyErr_SetString(PyExc_ValueError, "a value of a client can't be read");
  }
  return PyRef();
}

}  // namespace sioserve::bridge
