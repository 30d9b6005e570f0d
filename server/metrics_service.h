// Answers /metrics, /healthz and /readyz, while Python is blocked too: on a port of its own
// (--metrics), and the metrics also on the server's own ports (--metrics-path).
//
// It gets the records of the access log, counts them, and passes them on. Everything else is read
// from the parts of the server for each answer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/base/access_record.h"
#include "server/base/config.h"
#include "server/base/counters.h"
#include "server/base/logger.h"
#include "server/base/result.h"
#include "server/connection/connection_manager.h"
#include "server/connection/stream_handlers.h"
#include "server/metrics/process_metrics.h"
#include "server/metrics/request_metrics.h"
#include "server/metrics/server_metrics.h"
#include "server/net/loop.h"
#include "server/port/process_messages.h"

namespace sioserve {

// The parts of the server, for one answer.
class ObservedServer {
 public:
  virtual metrics::ServerFigures figures() const = 0;
  virtual const Counters& counters() const = 0;
  // Of --workers; empty without it.
  virtual std::vector<ProcessStatus> processes() const = 0;
  // Why new clients should not be sent here, as a sentence; nullopt: they may.
  virtual std::optional<std::string> unready_reason() const = 0;

 protected:
  ~ObservedServer() = default;
};

// Lives on the I/O thread; made, and given its port, on another one before that runs.
class MetricsService final : public AccessLog, connection::Router {
 public:
  // All outlive the service. `next`: gets the records as well; null for none.
  MetricsService(net::Loop& loop, const Config& config, const Logger& logger, AccessLog* next,
                 const ObservedServer& server);

  // The URL; the error is a sentence.
  Result<std::string, std::string> listen(const std::string& host, std::uint16_t port);

  // Whether this request on one of the server's own ports is for the path of the metrics, or for
  // the pages about its health below this path.
  bool owns(const connection::Exchange& exchange) const;
  std::unique_ptr<connection::RequestHandler> make_handler(connection::Exchange& exchange) const;

  // What the Python process at this place reports.
  void process_reported(std::uint64_t place, const ProcessFigures& figures);

  // AccessLog
  void write(AccessRecord&& record) override;
  bool wants_response_headers() const override {
    return next_ != nullptr && next_->wants_response_headers();
  }
  TimePoint now() const override { return Clock::now(); }

 private:
  // connection::Router, for the port of its own
  std::unique_ptr<connection::RequestHandler> route(connection::Exchange& exchange) override;
  std::unique_ptr<connection::WebSocketHandler> route(
      connection::WebSocketChannel& channel) override;
  bool continues_session(const RequestHead&) const override { return false; }

  enum class Page { metrics, alive, ready };

  std::optional<Page> page_below_path(const RequestHead& head) const;
  static std::optional<Page> health_page(std::string_view path);
  std::unique_ptr<connection::RequestHandler> answer_page(connection::Exchange& exchange,
                                                          Page page) const;
  std::unique_ptr<connection::RequestHandler> answer_metrics(connection::Exchange& exchange) const;
  std::string metrics_page(metrics::Format format) const;

  const Config& config_;
  const Config own_port_;  // the settings of the port of its own
  AccessLog* const next_;
  const ObservedServer& server_;
  metrics::RequestMetrics requests_;
  metrics::ProcessMetrics processes_;
  connection::ConnectionManager connections_;
};

}  // namespace sioserve
