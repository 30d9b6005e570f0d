#include "server/base/entity_tag.h"

#include <cstddef>

namespace sioserve {

// A tag may contain commas.
bool lists_entity_tag(std::string_view list, std::string_view etag, TagComparison comparison) {
  while (true) {
    const std::size_t start = list.find_first_not_of(" \t,");
    if (start == std::string_view::npos) return false;
    list.remove_prefix(start);
    if (list.front() == '*') return true;
    const bool is_weak = list.starts_with("W/");
    if (is_weak) list.remove_prefix(2);
    const std::size_t end = list.starts_with('"') ? list.find('"', 1) : std::string_view::npos;
    if (end == std::string_view::npos) return false;
    const bool counts = !is_weak || comparison == TagComparison::weak;
    if (counts && list.substr(0, end + 1) == etag) return true;
    list.remove_prefix(end + 1);
  }
}

}  // namespace sioserve
