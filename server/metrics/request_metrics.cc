#include "server/metrics/request_metrics.h"

#include <algorithm>
#include <string>

#include "server/metrics/buckets.h"

namespace sioserve::metrics {
namespace {

constexpr Family requests{"sioserve_http_requests", Kind::counter,
                          "HTTP requests, by what has served them, method, status (499: the client "
                          "disconnected before a response) and the route of the application."};
constexpr Family durations{"sioserve_http_request_duration_seconds", Kind::histogram,
                           "Time from the first byte of a request until the kernel has taken the "
                           "last byte of its response."};
constexpr Family stages{"sioserve_http_request_stage_seconds", Kind::histogram,
                        "Parts of the time of requests to the application: wait for Python and a "
                        "thread, run in the application until the end of its response, send to the "
                        "client."};
constexpr Family response_bytes{"sioserve_http_response_bytes", Kind::counter,
                                "Bytes of the bodies of responses, without framing."};
constexpr Family cut_responses{"sioserve_http_responses_cut", Kind::counter,
                               "Responses whose end the client has not got."};
constexpr Family websockets_accepted{"sioserve_websockets_accepted", Kind::counter,
                                     "WebSockets that were accepted."};
constexpr Family websockets_refused{"sioserve_websockets_refused", Kind::counter,
                                    "WebSocket handshakes that were answered with an error."};
constexpr Family websockets_open{"sioserve_websockets_open", Kind::gauge, "Open WebSockets."};
constexpr Family websocket_durations{"sioserve_websocket_duration_seconds", Kind::histogram,
                                     "Time from the handshake of a WebSocket to its end."};
constexpr Family websocket_closes{"sioserve_websocket_closes", Kind::counter,
                                  "Ends of WebSockets by the close code; 1006: without one."};

// Those of RFC 9110 and RFC 5789. A client may send any token.
constexpr std::string_view methods[] = {"GET",   "POST",    "HEAD",  "PUT",    "DELETE",
                                        "PATCH", "OPTIONS", "TRACE", "CONNECT"};

std::size_t method_number(std::string_view method) {
  return static_cast<std::size_t>(std::ranges::find(methods, method) - std::begin(methods));
}

std::string_view method_name(std::size_t number) {
  return number < std::size(methods) ? methods[number] : LabelTable::overflow;
}

std::string_view name_of(ServedBy served_by) {
  switch (served_by) {
    case ServedBy::server:
      return "server";
    case ServedBy::application:
      return "application";
    case ServedBy::engine_io:
      return "socketio";
    case ServedBy::static_files:
      return "static";
  }
  __builtin_unreachable();
}

// The registered codes (RFC 6455, 7.4); those of applications in groups, because a client may send
// any of them.
std::string_view close_code_label(std::uint16_t code) {
  static constexpr std::string_view registered[] = {"1000", "1001", "1002", "1003", "1004", "1005",
                                                    "1006", "1007", "1008", "1009", "1010", "1011",
                                                    "1012", "1013", "1014", "1015"};
  if (code >= 1000 && code < 1000 + std::size(registered)) return registered[code - 1000];
  if (code >= 3000 && code < 4000) return "3xxx";
  if (code >= 4000 && code < 5000) return "4xxx";
  return LabelTable::overflow;
}

}  // namespace

Histogram RequestMetrics::latency() { return Histogram(latency_bounds); }

RequestMetrics::WebSockets::WebSockets() : durations(lifetime_bounds) {}

void RequestMetrics::record(const AccessRecord& record) {
  switch (record.event) {
    case AccessEvent::http:
      return record_request(record);
    case AccessEvent::websocket_connecting:
      return;
    case AccessEvent::websocket_connect:
      ++websockets_of(record).accepted;
      return;
    case AccessEvent::websocket_reject:
      ++websockets_of(record).refused;
      return;
    case AccessEvent::websocket_disconnect:
      if (!record.was_accepted) return;
      ++websockets_of(record).closed;
      websockets_of(record).durations.observe(record.duration);
      ++closes_[close_code_label(record.close_code)];
      return;
  }
}

void RequestMetrics::record_request(const AccessRecord& record) {
  Series& series = series_of(record);
  ++series.requests;
  response_bytes_[static_cast<std::size_t>(record.served_by)] += record.response_bytes;
  if (!record.complete) ++cut_;
  series.durations->observe(record.duration);
  if (!record.stages) return;
  wait_.observe(record.stages->wait);
  run_.observe(record.stages->run);
  send_.observe(record.stages->send);
}

RequestMetrics::Series& RequestMetrics::series_of(const AccessRecord& record) {
  const std::size_t method = method_number(record.head->method);
  const auto key = [&](std::size_t route) {
    return (std::uint64_t{route} << 32) | (std::uint64_t{record.status} << 16) | (method << 8) |
           static_cast<std::uint64_t>(record.served_by);
  };
  std::size_t route = routes_.number_of(record.route);
  auto found = series_.find(key(route));
  if (found != series_.end()) return found->second;
  if (series_.size() >= max_series) route = routes_.number_of(LabelTable::overflow);
  return series_
      .try_emplace(key(route), Series{record.served_by, method_name(method), record.status, route,
                                      &durations_of(record.served_by, route)})
      .first->second;
}

Histogram& RequestMetrics::durations_of(ServedBy served_by, std::size_t route) {
  const std::uint64_t key = (std::uint64_t{route} << 8) | static_cast<std::uint64_t>(served_by);
  const auto found = durations_.find(key);
  return found != durations_.end() ? found->second
                                   : durations_.emplace(key, latency()).first->second;
}

RequestMetrics::WebSockets& RequestMetrics::websockets_of(const AccessRecord& record) {
  return websockets_[static_cast<std::size_t>(record.served_by)];
}

void RequestMetrics::write(Exposition& page) const {
  write_requests(page);
  write_websockets(page);
}

void RequestMetrics::write_requests(Exposition& page) const {
  page.begin(requests);
  for (const auto& [key, series] : series_) {
    page.sample({{"handler", name_of(series.served_by)},
                 {"method", series.method},
                 {"status", std::to_string(series.status)},
                 {"route", routes_.name_of(series.route)}},
                series.requests);
  }
  page.begin(durations);
  for (const auto& [key, histogram] : durations_) {
    page.sample({{"handler", name_of(static_cast<ServedBy>(key & 0xff))},
                 {"route", routes_.name_of(key >> 8)}},
                histogram);
  }
  page.begin(stages);
  page.sample({{"stage", "wait"}}, wait_);
  page.sample({{"stage", "run"}}, run_);
  page.sample({{"stage", "send"}}, send_);
  page.begin(response_bytes);
  for (std::size_t i = 0; i < served_by_count; ++i) {
    page.sample({{"handler", name_of(static_cast<ServedBy>(i))}}, response_bytes_[i]);
  }
  page.begin(cut_responses);
  page.sample({}, cut_);
}

void RequestMetrics::write_websockets(Exposition& page) const {
  const auto write_each = [&](const Family& family, auto value) {
    page.begin(family);
    for (std::size_t i = 0; i < served_by_count; ++i) {
      const auto served_by = static_cast<ServedBy>(i);
      if (served_by == ServedBy::static_files) continue;
      page.sample({{"handler", name_of(served_by)}}, value(websockets_[i]));
    }
  };
  write_each(websockets_accepted, [](const WebSockets& some) { return some.accepted; });
  write_each(websockets_refused, [](const WebSockets& some) { return some.refused; });
  write_each(websockets_open, [](const WebSockets& some) { return some.accepted - some.closed; });
  write_each(websocket_durations, [](const WebSockets& some) { return some.durations; });
  page.begin(websocket_closes);
  for (const auto& [code, count] : closes_) page.sample({{"code", code}}, count);
}

}  // namespace sioserve::metrics
