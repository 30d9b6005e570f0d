#include "server/connection/start_response.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "server/base/field_syntax.h"
#include "server/http/status.h"

namespace sioserve::connection {
namespace {

bool has(const Headers& headers, std::string_view name) {
  return std::ranges::any_of(
      headers, [name](const Header& header) { return equals_ignoring_case(header.name, name); });
}

}  // namespace

void start_response(Context& context, http::Response& response, ResponseHead&& head,
                    std::string&& body, BodyPart part, const std::string& request_id) {
  add_request_id(context.config, request_id, head.headers);
  const auto error =
      response.start(std::move(head), context.server_headers(), std::move(body), part);
  if (!error) return;
  context.logger.log(
      LogCategory::server, LogLevel::error,
      "The application's response has " + std::string(describe(*error)) + "; answered with 500",
      request_id);
  response.start(plain_head(500), context.server_headers(), plain_body(500), BodyPart::last);
}

void add_request_id(const Config& config, const std::string& id, Headers& headers) {
  const std::string& name = config.http.request_id_header;
  if (!name.empty() && !id.empty() && !has(headers, name)) headers.push_back({name, id});
}

void add_hsts(const TlsConfig& config, Headers& headers) {
  constexpr std::string_view name = "strict-transport-security";
  if (config.hsts == 0 || has(headers, name)) return;
  headers.push_back({std::string(name), "max-age=" + std::to_string(config.hsts)});
}

ResponseHead plain_head(std::uint16_t status) {
  return {status, {{"content-type", "text/plain; charset=utf-8"}}};
}

ResponseHead busy_head(std::uint16_t status) {
  ResponseHead head = plain_head(status);
  head.headers.push_back({"retry-after", "1"});
  return head;
}

std::string plain_body(std::uint16_t status) {
  return std::string(http::reason_phrase(status)) + "\n";
}

}  // namespace sioserve::connection
