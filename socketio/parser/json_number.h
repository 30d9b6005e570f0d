// JSON's numbers beyond what integers hold.
#pragma once

#include <string_view>

namespace sioserve::parser {

// The double nearest to a number of JSON's grammar: infinite when it is too large for one, zero
// when it is too small. Whatever the process's locale is.
double nearest_double(std::string_view number);

}  // namespace sioserve::parser
