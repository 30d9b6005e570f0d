// UTF-8 (RFC 3629), for what wslay does not check.
#pragma once

#include <string_view>

namespace sioserve::ws {

bool is_utf8(std::string_view bytes);

}  // namespace sioserve::ws
