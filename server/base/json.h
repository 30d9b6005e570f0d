// JSON values as they cross the threads.
#pragma once

#include <nlohmann/json.hpp>

namespace sioserve {

// Members keep the order in which the client sent them, as in JavaScript and Python.
using Json = nlohmann::ordered_json;

}  // namespace sioserve
