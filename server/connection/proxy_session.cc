#include "server/connection/proxy_session.h"

#include <memory>
#include <utility>

#include "server/connection/client_protocol.h"
#include "server/connection/proxy_header.h"

namespace sioserve::connection {
namespace {

std::string_view describe(ProxyHeaderError error) {
  switch (error) {
    case ProxyHeaderError::malformed:
      return "it does not begin with a PROXY protocol header";
    case ProxyHeaderError::too_long:
      return "its PROXY protocol header is too long";
  }
  return "";
}

}  // namespace

ProxySession::ProxySession(Connection& connection) : connection_(connection) {
  const Context& context = connection.context();
  deadline_ = deadline_after(context.now(), context.config.http.header_timeout);
}

void ProxySession::on_read(std::string_view bytes) {
  const SharedEndpoints& peers = connection_.peers();
  if (!connection_.context().config.proxy.trusted.trusts_peer(*peers)) {
    refuse("it is not a trusted proxy");
    return;
  }
  input_ += bytes;
  auto header = parse_proxy_header(input_);
  if (!header) {
    refuse(describe(header.error()));
    return;
  }
  if (!*header) return;
  if (auto& ends = (*header)->ends) {
    Endpoints endpoints = *peers;
    endpoints.client = std::move(ends->client);
    if (!ends->server.host.empty()) {
      endpoints.server = std::move(ends->server);
      endpoints.unix_path.clear();
    }
    const auto admission =
        connection_.set_peers(std::make_shared<const Endpoints>(std::move(endpoints)));
    if (admission == Admission::turned_away) return;
  }
  connection_.replace_protocol(client_protocol(connection_, input_.substr((*header)->size)));
}

void ProxySession::on_deadline() { refuse("its PROXY protocol header takes too long"); }

void ProxySession::refuse(std::string_view reason) {
  Context& context = connection_.context();
  context.opening_reports.failed(OpeningFailure::proxy_header, connection_.peers()->client, reason,
                                 context.now());
  connection_.close();
}

}  // namespace sioserve::connection
