// Reads the settings of a server: keyword arguments from Python into a Config.
#pragma once

#include <string>

#include "asgi-bridge/python.h"
#include "server/base/config.h"

namespace sioserve::bridge {

// Sets the member of `config` for the setting `name` (python/_sioserve.pyi lists all of them).
// False with TypeError or ValueError set if there is no such setting, or `value` is invalid.
bool read_setting(const Gil& gil, const std::string& name, PyObject* value, Config& config);

// Reads the certificates that `redis_url` names, once all settings are read. May wait for the disk.
// False with ValueError set if a file cannot be used.
bool load_redis_certificates(const Gil& gil, Config& config);

}  // namespace sioserve::bridge
