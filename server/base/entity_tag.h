// Entity tags (RFC 9110 section 8.8.3).
#pragma once

#include <string_view>

namespace sioserve {

enum class TagComparison { weak, strong };

// Whether the value of If-Match or If-None-Match lists `etag`, which is a strong tag, quotes
// included. "*" lists any.
bool lists_entity_tag(std::string_view list, std::string_view etag, TagComparison comparison);

}  // namespace sioserve
