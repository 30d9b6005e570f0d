// Which web pages may open a Socket.IO session: Django's rule for ALLOWED_HOSTS, applied to the
// Origin header, as Channels' AllowedHostsOriginValidator does.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sioserve::transport {

// `origin` is the header's value: scheme://host[:port]. A pattern is a host, ".example.com" for a
// domain with all its subdomains, or "*" for any origin; case is ignored. An invalid origin
// ("null", empty, without a scheme) is allowed only by "*".
bool origin_allowed(std::string_view origin, const std::vector<std::string>& allowed_hosts);

}  // namespace sioserve::transport
