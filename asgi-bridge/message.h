// Reads values from an ASGI message. If a function returns nullopt, a Python exception is set.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asgi-bridge/python.h"
#include "server/base/http_values.h"

namespace sioserve::bridge {

// A borrowed reference to message[key], or null. An absent key sets no exception.
PyObject* find_item(PyObject* message, const PyRef& key);

// The `type` of a message, which must be a dict; borrowed. Null with TypeError or KeyError set.
PyObject* message_type(PyObject* message, const PyRef& type_key);

bool is_type(PyObject* type, std::string_view name);

// A bytes-like value; empty when absent or None.
std::optional<std::string> read_bytes(const Gil& gil, PyObject* message, const PyRef& key);

// An iterable of bytes-like values; none when absent.
std::optional<std::vector<std::string>> read_bytes_list(const Gil& gil, PyObject* message,
                                                        const PyRef& key);

// A path that os.fspath() accepts, in the file system's encoding; required.
std::optional<std::string> read_path(const Gil& gil, PyObject* message, const PyRef& key);

// A str; empty when absent or None.
std::optional<std::string> read_str(const Gil& gil, PyObject* message, const PyRef& key);

// An attribute of any object; empty if it is no str. No exception is set.
std::string text_attribute(const Gil& gil, PyObject* object, const PyRef& name);

std::optional<long> read_int(const Gil& gil, PyObject* message, const PyRef& key, long absent);

std::optional<bool> read_bool(const Gil& gil, PyObject* message, const PyRef& key);

// An iterable of pairs of bytes; none when absent.
std::optional<Headers> read_headers(const Gil& gil, PyObject* message, const PyRef& key);

}  // namespace sioserve::bridge
