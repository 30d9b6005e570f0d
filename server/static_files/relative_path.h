// Converts a request's path to that of a file below a directory. Refuses paths that lead out of the
// directory, and hidden files.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/base/http_values.h"

namespace sioserve::static_files {

// What follows `prefix`, which ends in a slash and which the request's path begins with. Nullopt
// for what is not the path of a file: empty segments, "." and "..", names with a leading dot but
// ".well-known" (RFC 8615), encoded slashes and control characters.
std::optional<std::string> relative_path(const RequestHead& request, std::string_view prefix);

}  // namespace sioserve::static_files
