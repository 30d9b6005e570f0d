// The request target (RFC 9112 section 3.2), split into what a RequestHead holds.
#pragma once

#include <string_view>

#include "server/base/http_values.h"

namespace sioserve::http {

enum class TargetForm { valid, invalid };

// Origin form, absolute form (whose authority becomes the Host header, as section 3.2.2 wants)
// and, for OPTIONS, the asterisk. Fills in raw_path, path and query_string.
TargetForm split_target(std::string_view target, RequestHead& head);

// A Host header's value: uri-host [ ":" port ] (RFC 9110 section 7.2), or nothing at all.
bool is_host(std::string_view text);

}  // namespace sioserve::http
