// The samples of a page by their lines.
#pragma once

#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include "server/metrics/exposition.h"

namespace sioserve::metrics {

// The value of the sample that begins with `name`, labels included; "none" if there is none.
inline std::string value_of(std::string_view page, std::string_view name) {
  std::istringstream lines{std::string(page)};
  for (std::string line; std::getline(lines, line);) {
    const std::size_t space = line.rfind(' ');
    if (!line.starts_with('#') && line.substr(0, space) == name) return line.substr(space + 1);
  }
  return "none";
}

template <typename Write>
std::string page_of(Write write) {
  Exposition page(Format::prometheus);
  write(page);
  return std::move(page).finish();
}

}  // namespace sioserve::metrics
