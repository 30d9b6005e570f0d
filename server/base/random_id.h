// Unguessable identifiers.
#pragma once

#include <string>

namespace sioserve {

// 20 base64url characters (120 bits) from the kernel's CSPRNG: an Engine.IO sid or a Socket.IO id.
std::string random_id();

}  // namespace sioserve
