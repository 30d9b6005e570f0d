// Unguessable identifiers.
#pragma once

#include <cstddef>
#include <string>

namespace sioserve {

// 20 base64url characters (120 bits) from the kernel's CSPRNG: an Engine.IO sid or a Socket.IO id.
std::string random_id();

// So many hexadecimal digits.
std::string random_hex(std::size_t digits);

}  // namespace sioserve
