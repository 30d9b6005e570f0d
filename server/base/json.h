// JSON values as trees.
#pragma once

#include <nlohmann/json.hpp>

namespace sioserve {

// Members keep their order, as in JavaScript and Python.
using Json = nlohmann::ordered_json;

}  // namespace sioserve
