// Numbers in JSON that are not integers of 64 bits.
#pragma once

#include <string_view>

namespace sioserve::parser {

// The double nearest to a JSON number: infinite if the number is too large for a double, zero if it
// is too small. Does not depend on the process's locale.
double nearest_double(std::string_view number);

}  // namespace sioserve::parser
