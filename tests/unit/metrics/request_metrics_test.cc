#include "server/metrics/request_metrics.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "tests/unit/metrics/samples.h"

namespace sioserve::metrics {
namespace {

using std::chrono::milliseconds;

AccessRecord request(std::string method, std::string route, std::uint16_t status = 200) {
  AccessRecord record;
  RequestHead head;
  head.method = std::move(method);
  record.head = std::make_shared<const RequestHead>(std::move(head));
  record.status = status;
  record.route = std::move(route);
  record.served_by = ServedBy::application;
  record.response_bytes = 10;
  record.duration = milliseconds(7);
  return record;
}

AccessRecord websocket(AccessEvent event, bool was_accepted, std::uint16_t code = 0) {
  AccessRecord record = request("GET", "");
  record.event = event;
  record.was_accepted = was_accepted;
  record.close_code = code;
  return record;
}

class RequestMetricsTest : public testing::Test {
 protected:
  std::string value(std::string_view name) const {
    return value_of(page_of([this](Exposition& page) { metrics_.write(page); }), name);
  }
  std::string requests(const std::string& method, const std::string& status,
                       const std::string& route) const {
    return value("sioserve_http_requests_total{handler=\"application\",method=\"" + method +
                 "\",status=\"" + status + "\",route=\"" + route + "\"}");
  }

  RequestMetrics metrics_;
};

TEST_F(RequestMetricsTest, CountsRequestsByMethodStatusAndRoute) {
  metrics_.record(request("GET", "/a"));
  metrics_.record(request("GET", "/a"));
  metrics_.record(request("POST", "/a", 201));
  AccessRecord file = request("GET", "");
  file.served_by = ServedBy::static_files;
  metrics_.record(file);
  EXPECT_EQ(requests("GET", "200", "/a"), "2");
  EXPECT_EQ(requests("POST", "201", "/a"), "1");
  EXPECT_EQ(value("sioserve_http_requests_total{handler=\"static\",method=\"GET\",status=\"200\","
                  "route=\"\"}"),
            "1");
  EXPECT_EQ(value("sioserve_http_response_bytes_total{handler=\"application\"}"), "30");
  EXPECT_EQ(value("sioserve_http_request_duration_seconds_count{handler=\"application\","
                  "route=\"/a\"}"),
            "3");
}

TEST_F(RequestMetricsTest, CountsMethodsThatClientsMakeUpTogether) {
  for (const char* const method : {"BREW", "get", ""}) metrics_.record(request(method, "/"));
  EXPECT_EQ(requests("other", "200", "/"), "3");
}

TEST_F(RequestMetricsTest, CountsRoutesBeyondTheLimitTogether) {
  for (std::size_t i = 0; i < RequestMetrics::max_routes + 3; ++i) {
    metrics_.record(request("GET", "/" + std::to_string(i)));
  }
  EXPECT_EQ(requests("GET", "200", "/" + std::to_string(RequestMetrics::max_routes - 1)), "1");
  EXPECT_EQ(requests("GET", "200", "/" + std::to_string(RequestMetrics::max_routes)), "none");
  EXPECT_EQ(requests("GET", "200", "other"), "3");
}

TEST_F(RequestMetricsTest, CountsCombinationsBeyondTheLimitTogether) {
  std::size_t series = 0;
  for (std::uint16_t status = 200; series < RequestMetrics::max_series; ++status) {
    for (int route = 0; route < 100; ++route, ++series) {
      metrics_.record(request("GET", "/" + std::to_string(route), status));
    }
  }
  metrics_.record(request("PUT", "/1"));
  metrics_.record(request("PUT", "/2"));
  EXPECT_EQ(requests("PUT", "200", "/1"), "none");
  EXPECT_EQ(requests("PUT", "200", "other"), "2");
}

TEST_F(RequestMetricsTest, MeasuresTheStagesOfRequestsToTheApplication) {
  AccessRecord record = request("GET", "/");
  record.stages = AccessStages{milliseconds(1), milliseconds(2), milliseconds(3)};
  metrics_.record(record);
  metrics_.record(request("GET", "/"));  // for example one whose client has disconnected
  EXPECT_EQ(value("sioserve_http_request_stage_seconds_sum{stage=\"wait\"}"), "0.001");
  EXPECT_EQ(value("sioserve_http_request_stage_seconds_sum{stage=\"run\"}"), "0.002");
  EXPECT_EQ(value("sioserve_http_request_stage_seconds_sum{stage=\"send\"}"), "0.003");
  EXPECT_EQ(value("sioserve_http_request_stage_seconds_count{stage=\"send\"}"), "1");
}

TEST_F(RequestMetricsTest, CountsResponsesThatWereCut) {
  AccessRecord record = request("GET", "/");
  record.complete = false;
  metrics_.record(record);
  EXPECT_EQ(value("sioserve_http_responses_cut_total"), "1");
}

TEST_F(RequestMetricsTest, KnowsHowManyWebSocketsAreOpen) {
  metrics_.record(websocket(AccessEvent::websocket_connecting, false));
  metrics_.record(websocket(AccessEvent::websocket_connect, true));
  metrics_.record(websocket(AccessEvent::websocket_connect, true));
  metrics_.record(websocket(AccessEvent::websocket_disconnect, true, 1001));
  metrics_.record(websocket(AccessEvent::websocket_reject, false));
  // One that disconnects before it is accepted.
  metrics_.record(websocket(AccessEvent::websocket_disconnect, false, 1006));
  const std::string labels = "{handler=\"application\"}";
  EXPECT_EQ(value("sioserve_websockets_accepted_total" + labels), "2");
  EXPECT_EQ(value("sioserve_websockets_refused_total" + labels), "1");
  EXPECT_EQ(value("sioserve_websockets_open" + labels), "1");
  EXPECT_EQ(value("sioserve_websocket_duration_seconds_count" + labels), "1");
  EXPECT_EQ(value("sioserve_websocket_closes_total{code=\"1001\"}"), "1");
  EXPECT_EQ(value("sioserve_websocket_closes_total{code=\"1006\"}"), "none");
}

TEST_F(RequestMetricsTest, CountsCloseCodesOfApplicationsTogether) {
  for (const int code : {3000, 3999, 4000, 4001, 4999, 999, 1016, 2999, 5000, 65535}) {
    metrics_.record(
        websocket(AccessEvent::websocket_disconnect, true, static_cast<std::uint16_t>(code)));
  }
  EXPECT_EQ(value("sioserve_websocket_closes_total{code=\"3xxx\"}"), "2");
  EXPECT_EQ(value("sioserve_websocket_closes_total{code=\"4xxx\"}"), "3");
  EXPECT_EQ(value("sioserve_websocket_closes_total{code=\"other\"}"), "5");
}

}  // namespace
}  // namespace sioserve::metrics
