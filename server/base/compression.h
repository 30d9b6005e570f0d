// Whether a message may be compressed, if compression was negotiated.
#pragma once

namespace sioserve {

enum class Compression : unsigned char { allowed, declined };

}  // namespace sioserve
