// Whether a message may be compressed on its way to a client, where that was agreed on.
#pragma once

namespace sioserve {

enum class Compression : unsigned char { allowed, declined };

}  // namespace sioserve
