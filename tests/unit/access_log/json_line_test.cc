#include "server/access_log/json_line.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "tests/unit/access_log/records.h"

namespace sioserve::access_log {
namespace {

std::string json_line(const AccessRecord& record) {
  Line line;
  append_json_line(record, timestamp(), line);
  return std::string(line.text());
}

TEST(JsonLine, HasAllKeys) {
  EXPECT_EQ(json_line(get_record()),
            R"({"time":"2026-11-25T01:27:12.345+00:00","event":"http","client":"10.0.0.1",)"
            R"("client_port":4711,"method":"GET","target":"/a%20b?x=1","protocol":"HTTP/1.1",)"
            R"("scheme":"http","host":"example.org","status":200,"bytes":1234,)"
            R"("duration_us":1234567,"thread_wait_us":0,"complete":true,"referer":"http://r/",)"
            R"("user_agent":"curl/8","request_id":"id123","trace_id":null,"span_id":null})");
}

TEST(JsonLine, HasTheTraceOfTheRequest) {
  AccessRecord record = get_record();
  own_head(record).headers.add("traceparent",
                               "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  const auto object = nlohmann::json::parse(json_line(record));
  EXPECT_EQ(object["trace_id"], "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(object["span_id"], "b7ad6b7169203331");
}

TEST(JsonLine, HasTheCloseCodeOfAWebSocket) {
  AccessRecord record = websocket_record(AccessEvent::websocket_disconnect);
  record.close_code = 1006;
  const auto object = nlohmann::json::parse(json_line(record));
  EXPECT_EQ(object["event"], "websocket.disconnect");
  EXPECT_EQ(object["close_code"], 1006);
  EXPECT_TRUE(object["status"].is_null());
}

TEST(JsonLine, HasNullForUnknownValues) {
  AccessRecord record;
  record.head = std::make_shared<const RequestHead>();
  record.status = 400;
  const auto object = nlohmann::json::parse(json_line(record));
  for (const char* key : {"client", "client_port", "method", "target", "protocol", "host",
                          "referer", "user_agent", "request_id", "trace_id", "span_id"}) {
    EXPECT_TRUE(object.at(key).is_null()) << key;
  }
}

TEST(JsonLine, IsOneObjectOnOneLineForAllInput) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int i = 0; i < 5'000; ++i) {
    AccessRecord record = get_record();
    RequestHead& head = own_head(record);
    head.method = hostile_text(random);
    head.raw_path = hostile_text(random);
    head.query_string = hostile_text(random);
    head.http_version = hostile_text(random);
    head.request_id = hostile_text(random);
    head.headers.clear();
    for (const char* name : {"host", "referer", "user-agent", "authorization"}) {
      head.headers.add(name, hostile_text(random));
    }
    const std::string out = json_line(record);
    ASSERT_EQ(out.find('\n'), std::string::npos);
    const auto object = nlohmann::json::parse(out, nullptr, false);
    ASSERT_TRUE(object.is_object()) << out;
    ASSERT_EQ(object.size(), 19U) << out;
  }
}

}  // namespace
}  // namespace sioserve::access_log
