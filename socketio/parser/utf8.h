// Well-formed UTF-8 (RFC 3629).
#pragma once

#include <string_view>

namespace sioserve::parser {

bool is_utf8(std::string_view text);

}  // namespace sioserve::parser
