#include "server/metrics_service.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "server/connection/busy_handlers.h"
#include "server/connection/start_response.h"
#include "server/net/listening_socket.h"

namespace sioserve {
namespace {

using connection::BodyPart;
using connection::Exchange;

// Prometheus and an orchestrator need one connection each.
constexpr std::size_t max_connections = 64;
constexpr Milliseconds receive_timeout{5'000};
constexpr Milliseconds send_timeout{10'000};

Config settings_of_port(const Config& config) {
  Config own;
  own.backlog = config.backlog;
  own.http.server_header = config.http.server_header;
  own.http.max_body = 1;
  own.http.first_byte_timeout = receive_timeout;
  own.http.header_timeout = receive_timeout;
  own.http.body_timeout = receive_timeout;
  own.http.send_timeout = send_timeout;
  own.load.max_connections = max_connections;
  return own;
}

// Answers at once; the body of the request is ignored.
class PlainAnswer final : public connection::RequestHandler {
 public:
  PlainAnswer(Exchange& exchange, ResponseHead head, std::string body)
      : exchange_(exchange), head_(std::move(head)), body_(std::move(body)) {}

  void on_request(std::string_view, BodyPart) override {
    exchange_.respond(std::move(head_), std::move(body_), BodyPart::last);
  }
  void on_body(std::string_view, BodyPart) override {}
  void on_drain() override {}
  void on_closed() override {}

 private:
  Exchange& exchange_;
  ResponseHead head_;
  std::string body_;
};

std::unique_ptr<connection::RequestHandler> answer(Exchange& exchange, std::uint16_t status,
                                                   std::string body) {
  ResponseHead head = connection::plain_head(status);
  head.headers.push_back({"cache-control", "no-store"});
  return std::make_unique<PlainAnswer>(exchange, std::move(head), std::move(body));
}

// Null: the method may be used.
std::unique_ptr<connection::RequestHandler> refuse_method(Exchange& exchange) {
  const std::string& method = exchange.head().method;
  if (method == "GET" || method == "HEAD") return nullptr;
  ResponseHead head = connection::plain_head(405);
  head.headers.push_back({"allow", "GET, HEAD"});
  return std::make_unique<PlainAnswer>(exchange, std::move(head), connection::plain_body(405));
}

// Without --proxy-headers, the peer of a request that a proxy passes on is the proxy.
bool comes_through_unknown_proxy(const Config& config, const RequestHead& head) {
  if (config.proxy.forwarded_headers) return false;
  return std::ranges::any_of(head.headers, [](const HeaderView& header) {
    return header.name == "forwarded" || header.name == "via" || header.name == "x-real-ip" ||
           header.name.starts_with("x-forwarded-");
  });
}

}  // namespace

MetricsService::MetricsService(net::Loop& loop, const Config& config, const Logger& logger,
                               AccessLog* next, const ObservedServer& server)
    : config_(config),
      own_port_(settings_of_port(config)),
      next_(next),
      server_(server),
      connections_(loop, *this, own_port_, logger) {}

Result<std::string, std::string> MetricsService::listen(const std::string& host,
                                                        std::uint16_t port) {
  auto sockets = net::listen_tcp(host, port, own_port_.backlog);
  if (!sockets) return Failure{sockets.error()};
  std::string url = net::to_url(sockets->front(), "http");
  for (net::ListeningSocket& socket : *sockets) {
    connections_.listen(std::move(socket), connection::Service::http);
  }
  return url;
}

bool MetricsService::owns(const Exchange& exchange) const {
  return page_below_path(exchange.head()) &&
         config_.metrics.trusted.trusts_peer(*exchange.endpoints()) &&
         !comes_through_unknown_proxy(config_, exchange.head());
}

std::unique_ptr<connection::RequestHandler> MetricsService::make_handler(Exchange& exchange) const {
  return answer_page(exchange, *page_below_path(exchange.head()));
}

std::optional<MetricsService::Page> MetricsService::page_below_path(const RequestHead& head) const {
  const std::string& prefix = config_.metrics.path;
  if (prefix.empty() || !head.path.starts_with(prefix)) return std::nullopt;
  const std::string_view rest = std::string_view(head.path).substr(prefix.size());
  return rest.empty() ? Page::metrics : health_page(rest);
}

std::optional<MetricsService::Page> MetricsService::health_page(std::string_view path) {
  if (path == "/healthz") return Page::alive;
  if (path == "/readyz") return Page::ready;
  return std::nullopt;
}

std::unique_ptr<connection::RequestHandler> MetricsService::answer_page(Exchange& exchange,
                                                                        Page page) const {
  if (auto refusal = refuse_method(exchange)) return refusal;
  switch (page) {
    case Page::metrics:
      return answer_metrics(exchange);
    case Page::alive:  // the I/O thread answers, so it is
      return answer(exchange, 200, "ok\n");
    case Page::ready:
      break;
  }
  const auto reason = server_.unready_reason();
  return reason ? answer(exchange, 503, *reason + "\n") : answer(exchange, 200, "ready\n");
}

std::unique_ptr<connection::RequestHandler> MetricsService::answer_metrics(
    Exchange& exchange) const {
  std::string accept;
  for (const HeaderView header : exchange.head().headers) {
    if (header.name == "accept") accept.append(accept.empty() ? "" : ",").append(header.value);
  }
  const metrics::Format format = metrics::choose_format(accept);
  ResponseHead head{200,
                    {{"content-type", std::string(metrics::content_type(format))},
                     {"cache-control", "no-store"}}};
  return std::make_unique<PlainAnswer>(exchange, std::move(head), metrics_page(format));
}

void MetricsService::process_reported(std::uint64_t place, const ProcessFigures& figures) {
  processes_.record(place, figures, Clock::now());
}

void MetricsService::write(AccessRecord&& record) {
  requests_.record(record);
  if (next_ != nullptr) next_->write(std::move(record));
}

std::unique_ptr<connection::RequestHandler> MetricsService::route(Exchange& exchange) {
  const std::string& path = exchange.head().path;
  if (path == "/metrics") return answer_page(exchange, Page::metrics);
  if (const auto page = health_page(path)) return answer_page(exchange, *page);
  return answer(exchange, 404, "Not Found: here are /metrics, /healthz and /readyz.\n");
}

std::unique_ptr<connection::WebSocketHandler> MetricsService::route(
    connection::WebSocketChannel& channel) {
  return std::make_unique<connection::BusyWebSocketHandler>(channel);
}

std::string MetricsService::metrics_page(metrics::Format format) const {
  metrics::Exposition page(format);
  const metrics::ServerFigures figures = server_.figures();
  requests_.write(page);
  metrics::write_server(page, figures);
  metrics::write_counters(page, server_.counters(), figures);
  processes_.write(page, server_.processes(), Clock::now());
  metrics::write_own_process(page);
  return std::move(page).finish();
}

}  // namespace sioserve
