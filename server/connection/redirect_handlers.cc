#include "server/connection/redirect_handlers.h"

#include <utility>

#include "server/connection/start_response.h"
#include "server/http/https_location.h"

namespace sioserve::connection {
namespace {

// 308 keeps the method; old clients know only 301.
std::uint16_t status_for(const RequestHead& head) {
  return head.method == "GET" || head.method == "HEAD" ? 301 : 308;
}

ResponseHead redirect(const RequestHead& head, const TlsConfig& config) {
  auto location = http::https_location(head, config.redirect_port);
  if (!location) return plain_head(400);
  ResponseHead response = plain_head(status_for(head));
  response.headers.push_back({"location", std::move(*location)});
  return response;
}

}  // namespace

void RedirectRequestHandler::on_request(std::string_view, BodyPart) {
  ResponseHead head = redirect(exchange_.head(), config_);
  std::string body = plain_body(head.status);
  exchange_.respond(std::move(head), std::move(body), BodyPart::last);
}

void RedirectWebSocketHandler::on_upgrade_request() {
  ResponseHead head = redirect(channel_.head(), config_);
  std::string body = plain_body(head.status);
  channel_.deny(std::move(head), std::move(body), BodyPart::last);
}

}  // namespace sioserve::connection
