// Checks that Engine.IO's settings do not contradict each other.
#pragma once

#include <optional>
#include <string>

#include "server/base/config.h"

namespace sioserve::transport {

// A sentence that begins with the setting's name; nullopt if the settings are valid.
std::optional<std::string> fault_of(const EngineIoConfig& config);

}  // namespace sioserve::transport
