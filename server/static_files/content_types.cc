#include "server/static_files/content_types.h"

#include <algorithm>

#include "server/base/field_syntax.h"

namespace sioserve::static_files {
namespace {

std::string lower(std::string_view text) {
  std::string lowered(text);
  std::transform(lowered.begin(), lowered.end(), lowered.begin(), to_lower);
  return lowered;
}

bool is_text(std::string_view type) {
  return type.starts_with("text/") || type == "application/javascript";
}

}  // namespace

ContentTypes::ContentTypes(const Table& table) {
  for (const auto& [extension, type] : table) {
    types_[lower(extension)] = is_text(type) ? type + "; charset=utf-8" : type;
  }
}

const std::string& ContentTypes::of(std::string_view name) const {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return unknown_;
  const auto found = types_.find(lower(name.substr(dot)));
  return found == types_.end() ? unknown_ : found->second;
}

}  // namespace sioserve::static_files
