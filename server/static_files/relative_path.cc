#include "server/static_files/relative_path.h"

#include <algorithm>
#include <array>

#include "server/base/field_syntax.h"

namespace sioserve::static_files {
namespace {

bool contains_encoded(std::string_view raw_path, std::string_view escape) {
  for (std::size_t at = raw_path.find('%'); at != std::string_view::npos;
       at = raw_path.find('%', at + 1)) {
    if (equals_ignoring_case(raw_path.substr(at, escape.size()), escape)) return true;
  }
  return false;
}

// Files with such names are not served, and a request must not put a line end into the log.
bool is_control_character(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

bool is_name(std::string_view segment) {
  return !segment.empty() && (segment.front() != '.' || segment == ".well-known");
}

}  // namespace

std::optional<std::string> relative_path(const RequestHead& request, std::string_view prefix) {
  const std::string_view path = std::string_view(request.path).substr(prefix.size());
  // After decoding, it could not be distinguished from other slashes.
  if (contains_encoded(request.raw_path, "%2f")) return std::nullopt;
  if (std::any_of(path.begin(), path.end(), is_control_character)) return std::nullopt;
  for (std::string_view rest = path;;) {
    const std::size_t slash = rest.find('/');
    if (!is_name(rest.substr(0, slash))) return std::nullopt;
    if (slash == std::string_view::npos) return std::string(path);
    rest.remove_prefix(slash + 1);
  }
}

}  // namespace sioserve::static_files
