#include "server/http/request_headers.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace sioserve::http {
namespace {

bool has_underscore(const HeaderView& header) {
  const std::string_view name = header.name;
  return std::find(name.begin(), name.end(), '_') != name.end();
}

std::string with_dashes(std::string_view text) {
  std::string name(text);
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

// Whether a proxy sets this header. `name` has dashes instead of underscores.
bool belongs_to_a_proxy(std::string_view name, const ProxyConfig& proxy) {
  return name.starts_with("x-forwarded-") || name == "x-request-id" || name == "x-real-ip" ||
         name == with_dashes(proxy.forwarded_for_header) ||
         name == with_dashes(proxy.forwarded_port_header);
}

bool may_be_kept(const HeaderView& header, const HeaderBlock& headers, const ProxyConfig& proxy) {
  const std::string name = with_dashes(header.name);
  if (belongs_to_a_proxy(name, proxy)) return false;
  return std::none_of(headers.begin(), headers.end(), [&](const HeaderView& other) {
    return other.name != header.name && with_dashes(other.name) == name;
  });
}

}  // namespace

std::vector<std::string> remove_underscore_headers(HeaderBlock& headers,
                                                   UnderscoreHeaders underscores,
                                                   const ProxyConfig& proxy) {
  std::vector<std::string> removed;
  if (std::none_of(headers.begin(), headers.end(), has_underscore)) return removed;
  HeaderBlock kept;
  for (const HeaderView& header : headers) {
    const bool keep = !has_underscore(header) || (underscores == UnderscoreHeaders::keep &&
                                                  may_be_kept(header, headers, proxy));
    if (keep) {
      kept.add(header.name, header.value);
    } else {
      removed.emplace_back(header.name);
    }
  }
  headers = std::move(kept);
  return removed;
}

void join_cookies(HeaderBlock& headers) {
  const auto is_cookie = [](const HeaderView& header) { return header.name == "cookie"; };
  if (std::count_if(headers.begin(), headers.end(), is_cookie) < 2) return;
  std::string cookies;
  for (const HeaderView& header : headers) {
    if (!is_cookie(header) || header.value.empty()) continue;
    if (!cookies.empty()) cookies += "; ";
    cookies += header.value;
  }
  HeaderBlock joined;
  bool added = false;
  for (const HeaderView& header : headers) {
    if (!is_cookie(header)) {
      joined.add(header.name, header.value);
    } else if (!std::exchange(added, true)) {
      joined.add(header.name, cookies);
    }
  }
  headers = std::move(joined);
}

}  // namespace sioserve::http
