// Reads the arguments of Server's methods. Each function returns false with an exception set for an
// invalid argument.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "asgi-bridge/python.h"
#include "server/base/clock.h"

namespace sioserve::bridge {

// Whether a method got as many arguments as it takes; otherwise TypeError is set.
bool has_count(const char* method, Py_ssize_t count, Py_ssize_t wanted);
bool has_count(const char* method, Py_ssize_t count, Py_ssize_t least, Py_ssize_t most);

// The truth of the argument at `index`; `truth` stays as it is if there is none.
bool read_truth(PyObject* const* args, Py_ssize_t count, Py_ssize_t index, bool& truth);

bool read_text(PyObject* argument, std::string& text);

// An iterable of str; null does not change `strings`.
bool read_strings(PyObject* argument, std::vector<std::string>& strings);

// An int, or an object with __index__, from 0 to `max`. Otherwise TypeError or ValueError with the
// name of the argument.
bool read_unsigned(PyObject* argument, const char* name, std::uint64_t max, std::uint64_t& number);

template <std::integral Number>
bool read_number(PyObject* argument, const char* name, Number& number,
                 Number max = std::numeric_limits<Number>::max()) {
  std::uint64_t value = 0;
  if (!read_unsigned(argument, name, static_cast<std::uint64_t>(max), value)) return false;
  number = static_cast<Number>(value);
  return true;
}

// None is nullopt.
template <std::integral Number>
bool read_number(PyObject* argument, const char* name, std::optional<Number>& number) {
  if (argument == Py_None) return true;
  return read_number(argument, name, number.emplace());
}

// The id types of server/port/ids.h.
template <typename Id>
requires std::is_enum_v<Id>
bool read_id(PyObject* argument, const char* name, Id& id) {
  std::underlying_type_t<Id> number = 0;
  if (!read_number(argument, name, number)) return false;
  id = Id{number};
  return true;
}

// A time that can be added to any other without overflow.
bool read_milliseconds(PyObject* argument, const char* name, Milliseconds& time);

}  // namespace sioserve::bridge
