// JavaScript's dates as text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace sioserve::parser {

// As Date.prototype.toJSON; nullopt for a time outside the range of Date.
std::optional<std::string> iso_date(std::int64_t milliseconds);

}  // namespace sioserve::parser
