// Splits the request target (RFC 9112 section 3.2) into members of RequestHead.
#pragma once

#include <string_view>

#include "server/base/http_values.h"

namespace sioserve::http {

enum class TargetForm { valid, invalid };

// Origin form, absolute form (its authority becomes the Host header, see section 3.2.2) and, for
// OPTIONS, the asterisk. Sets raw_path, path and query_string.
TargetForm split_target(std::string_view target, RequestHead& head);

// Whether it is a valid value for a Host header: uri-host [ ":" port ] (RFC 9110 section 7.2), or
// empty.
bool is_host(std::string_view text);

}  // namespace sioserve::http
