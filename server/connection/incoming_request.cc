#include "server/connection/incoming_request.h"

#include <string>
#include <utility>

#include "server/base/log_debug.h"
#include "server/http/forwarded.h"
#include "server/http/request_headers.h"

namespace sioserve::connection {
namespace {

void remove_underscores(Context& context, RequestHead& head) {
  const Config& config = context.config;
  for (const std::string& name : http::remove_underscore_headers(
           head.headers, config.http.underscore_headers, config.proxy)) {
    log_debug(context.logger, LogCategory::server, "Dropped the header ", name, " of ",
              head.raw_path, ": its name has an underscore");
  }
}

}  // namespace

SharedEndpoints prepare_request(Context& context, const SharedEndpoints& peers, RequestHead& head,
                                HeaderOddities oddities) {
  const ProxyConfig& proxy = context.config.proxy;
  const auto given = http::request_id_of_proxy(head.headers, *peers, proxy);
  head.request_id = given ? std::string(*given) : context.request_ids.next();
  SharedEndpoints endpoints = http::endpoints_behind_proxies(head.headers, peers, proxy);
  if (oddities.several_cookies) http::join_cookies(head.headers);
  if (oddities.names_with_underscores) remove_underscores(context, head);
  return endpoints;
}

}  // namespace sioserve::connection
