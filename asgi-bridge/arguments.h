// Reads the arguments of Server's methods. Each function is false with an exception set when the
// argument is something else.
#pragma once

#include <string>
#include <vector>

#include "asgi-bridge/python.h"

namespace sioserve::bridge {

bool read_text(PyObject* argument, std::string& text);

// An iterable of str; null leaves `strings` as it is.
bool read_strings(PyObject* argument, std::vector<std::string>& strings);

}  // namespace sioserve::bridge
