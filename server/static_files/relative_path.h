// Converts a request's path to the path of a file below a directory. Refuses paths that lead out of
// the directory, and hidden files.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/base/http_values.h"

namespace sioserve::static_files {

// Returns the part of the request's path after `prefix`, which ends in a slash. Nullopt if this is
// not the path of a file: empty segments, "." and "..", names with a leading dot except
// ".well-known" (RFC 8615), encoded slashes and control characters.
std::optional<std::string> relative_path(const RequestHead& request, std::string_view prefix);

}  // namespace sioserve::static_files
