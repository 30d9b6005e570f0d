// Well-formed UTF-8 (RFC 3629).
#pragma once

#include <string_view>

namespace sioserve {

bool is_utf8(std::string_view text);
bool is_ascii(std::string_view text);

}  // namespace sioserve
