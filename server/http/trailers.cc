#include "server/http/trailers.h"

#include <algorithm>
#include <array>

#include "server/base/field_syntax.h"

namespace sioserve::http {
namespace {

constexpr std::array<std::string_view, 32> forbidden = {
    "age",
    "allow",
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "expect",
    "expires",
    "host",
    "keep-alive",
    "location",
    "max-forwards",
    "pragma",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "retry-after",
    "server",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "vary",
    "warning",
    "www-authenticate",
};

}  // namespace

std::optional<std::string_view> trailer_error(const Header& trailer) {
  if (!is_token(trailer.name)) return "its name is invalid";
  if (!is_field_value(trailer.value)) return "its value contains a control character";
  const bool is_forbidden =
      std::any_of(forbidden.begin(), forbidden.end(),
                  [&](std::string_view name) { return equals_ignoring_case(trailer.name, name); });
  if (is_forbidden) return "it has to come before the body";
  return std::nullopt;
}

}  // namespace sioserve::http
