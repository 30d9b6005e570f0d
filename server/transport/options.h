// Checks Engine.IO's settings for contradictions.
#pragma once

#include <optional>
#include <string>

#include "server/base/config.h"

namespace sioserve::transport {

// A sentence that begins with the setting's name; nullopt: they are usable.
std::optional<std::string> fault_of(const EngineIoConfig& config);

}  // namespace sioserve::transport
