// The settings of a server as Python gives them: keyword arguments into a Config.
#pragma once

#include <string>

#include "asgi-bridge/python.h"
#include "server/base/config.h"

namespace sioserve::bridge {

// Sets the member of `config` that `name` stands for (python/_sioserve.pyi lists all of them).
// False with TypeError or ValueError set when there is none, or `value` does not fit.
bool read_setting(const Gil& gil, const std::string& name, PyObject* value, Config& config);

}  // namespace sioserve::bridge
