#include "server/http/request_headers.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace sioserve::http {
namespace {

bool has_underscore(const Header& header) { return header.name.find('_') != std::string::npos; }

std::string with_dashes(std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

// Whether a proxy sets this header. `name` has dashes instead of underscores.
bool belongs_to_a_proxy(std::string_view name, const ProxyConfig& proxy) {
  return name.starts_with("x-forwarded-") || name == "x-request-id" || name == "x-real-ip" ||
         name == with_dashes(proxy.forwarded_for_header) ||
         name == with_dashes(proxy.forwarded_port_header);
}

bool may_be_kept(const Header& header, const Headers& headers, const ProxyConfig& proxy) {
  const std::string name = with_dashes(header.name);
  if (belongs_to_a_proxy(name, proxy)) return false;
  return std::none_of(headers.begin(), headers.end(), [&](const Header& other) {
    return other.name != header.name && with_dashes(other.name) == name;
  });
}

}  // namespace

std::vector<std::string> remove_underscore_headers(Headers& headers, UnderscoreHeaders underscores,
                                                   const ProxyConfig& proxy) {
  std::vector<std::string> removed;
  if (std::none_of(headers.begin(), headers.end(), has_underscore)) return removed;
  Headers kept;
  for (const Header& header : headers) {
    const bool keep = !has_underscore(header) || (underscores == UnderscoreHeaders::keep &&
                                                  may_be_kept(header, headers, proxy));
    if (keep) {
      kept.push_back(header);
    } else {
      removed.push_back(header.name);
    }
  }
  headers = std::move(kept);
  return removed;
}

void join_cookies(Headers& headers) {
  const auto is_cookie = [](const Header& header) { return header.name == "cookie"; };
  const auto first = std::find_if(headers.begin(), headers.end(), is_cookie);
  if (first == headers.end()) return;
  const auto second = std::find_if(first + 1, headers.end(), is_cookie);
  if (second == headers.end()) return;
  for (auto cookie = second; cookie != headers.end(); ++cookie) {
    if (!is_cookie(*cookie) || cookie->value.empty()) continue;
    if (!first->value.empty()) first->value += "; ";
    first->value += cookie->value;
  }
  headers.erase(std::remove_if(second, headers.end(), is_cookie), headers.end());
}

}  // namespace sioserve::http
