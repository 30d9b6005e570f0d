#include "server/access_log/format.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/access_log/records.h"

namespace sioserve::access_log {
namespace {

std::string line(std::string_view format, const AccessRecord& record = get_record()) {
  const auto compiled = Format::compile(format);
  if (!compiled) return "error: " + compiled.error();
  Line line;
  compiled->append(record, timestamp(), line);
  return std::string(line.text());
}

TEST(Format, WritesLinesLikeDaphneByDefault) {
  EXPECT_EQ(line(default_format),
            R"(10.0.0.1:4711 - - [25/Nov/2026:01:27:12] "GET /a%20b?x=1" 200 1234)");
  AccessRecord empty = get_record();
  empty.response_bytes = 0;
  own_head(empty).query_string.clear();
  EXPECT_EQ(line(default_format, empty),
            R"(10.0.0.1:4711 - - [25/Nov/2026:01:27:12] "GET /a%20b" 200 -)");
  const auto websocket = [](AccessEvent event) {
    AccessRecord record = websocket_record(event);
    record.status = event == AccessEvent::websocket_connect ? 101 : 0;
    return line("\"%(request)s\" %(http_status)s %(b)s", record);
  };
  EXPECT_EQ(websocket(AccessEvent::websocket_connecting), "\"WSCONNECTING /a%20b?x=1\" - -");
  EXPECT_EQ(websocket(AccessEvent::websocket_connect), "\"WSCONNECT /a%20b?x=1\" - -");
  EXPECT_EQ(websocket(AccessEvent::websocket_reject), "\"WSREJECT /a%20b?x=1\" - -");
  EXPECT_EQ(websocket(AccessEvent::websocket_disconnect), "\"WSDISCONNECT /a%20b?x=1\" - -");
}

TEST(Format, KnowsTheAtomsOfGunicorn) {
  EXPECT_EQ(line(R"(%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s")"),
            R"(10.0.0.1 - alice [25/Nov/2026:01:27:12 +0000] "GET /a%20b?x=1 HTTP/1.1" 200 1234 )"
            R"("http://r/" "curl/8")");
  EXPECT_EQ(line("%(m)s %(U)s %(q)s %(H)s %(B)s"), "GET /a%20b x=1 HTTP/1.1 1234");
  EXPECT_EQ(line("%(T)s %(D)s %(M)s %(L)s"), "1 1234567 1234 1.234567");
  EXPECT_EQ(line("%(p)s"), std::to_string(::getpid()));
  EXPECT_EQ(line("%({User-Agent}i)s %({nothing}i)s"), "curl/8 -");
  EXPECT_EQ(line("%({content-type}o)s %({x}o)s"), "text/plain -");
}

TEST(Format, KnowsTheNamesOfUvicorn) {
  EXPECT_EQ(line("%(client_addr)s - \"%(request_line)s\" %(status_code)s"),
            "10.0.0.1:4711 - \"GET /a%20b?x=1 HTTP/1.1\" 200");
  EXPECT_EQ(line("%(method)s %(full_path)s"), "GET /a%20b?x=1");
}

TEST(Format, KnowsTheAtomsOfSioserve) {
  EXPECT_EQ(line("%(id)s %(host)s %(scheme)s %(event)s %(close_code)s %(outcome)s"),
            "id123 example.org http http - complete");
  AccessRecord over = websocket_record(AccessEvent::websocket_disconnect);
  over.close_code = 1001;
  EXPECT_EQ(line("%(scheme)s %(event)s %(close_code)s", over), "ws websocket.disconnect 1001");
  EXPECT_EQ(line("%(time)s %(iso_time)s"), "25/Nov/2026:01:27:12 2026-11-25T01:27:12.345+00:00");
}

TEST(Format, PadsShortTimes) {
  AccessRecord record = get_record();
  record.duration = std::chrono::microseconds(42);
  EXPECT_EQ(line("%(L)s %(T)s", record), "0.000042 0");
}

TEST(Format, HasADashForAnInvalidRequest) {
  AccessRecord record;
  record.head = std::make_shared<const RequestHead>();
  record.status = 400;
  EXPECT_EQ(line("%(h)s %(r)s %(m)s %(U)s %(H)s %(s)s %(id)s %(client_addr)s", record),
            "- - - - - 400 - -");
  EXPECT_EQ(line(default_format, record), "- - - [25/Nov/2026:01:27:12] \"-\" 400 -");
}

TEST(Format, HasNoUserForInvalidCredentials) {
  AccessRecord record = get_record();
  for (const char* value : {"", "Basic", "Basic ???", "Bearer abc", "Basic Og=="}) {
    own_head(record).headers = {{"authorization", value}};
    EXPECT_EQ(line("%(u)s", record), "-") << value;
  }
}

TEST(Format, WritesAPercentSignForADoubledOne) { EXPECT_EQ(line("100%% %(m)s%%"), "100% GET%"); }

TEST(Format, NeedsResponseHeadersOnlyIfItContainsOne) {
  EXPECT_FALSE(Format::compile("%({x}i)s %(h)s")->wants_response_headers());
  EXPECT_TRUE(Format::compile("%({x}o)s")->wants_response_headers());
}

TEST(Format, SuggestsTheNearestAtomForAnUnknownOne) {
  EXPECT_EQ(line("%(statuscode)s"),
            "error: the access log format has an unknown atom \"%(statuscode)s\"; did you mean "
            "\"%(status_code)s\"?");
  EXPECT_NE(line("%(client)s").find("did you mean"), std::string::npos);
  EXPECT_NE(line("%({PATH_INFO}e)s").find("unknown atom"), std::string::npos);
}

TEST(Format, RefusesInvalidAtoms) {
  for (const char* format :
       {"%", "50% of", "%(h", "%()s", "%(h)d", "%(h)", "%({a b}i)s", "%({}i)s"}) {
    EXPECT_EQ(line(format).substr(0, 6), "error:") << format;
  }
}

TEST(Format, KeepsHostileClientsWithinOneQuotedField) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto format = Format::compile(
      "%(u)s \"%(r)s\" \"%(f)s\" \"%(a)s\" \"%({x}i)s\" \"%(host)s\" \"%(request)s\" %(U)s %(q)s "
      "%(full_path)s %(h)s \"%({y}o)s\" %(m)s %(id)s");
  ASSERT_TRUE(format);
  const Timestamp time = timestamp();
  for (int i = 0; i < 5'000; ++i) {
    AccessRecord record = get_record();
    RequestHead& head = own_head(record);
    head.method = hostile_text(random);
    head.raw_path = hostile_text(random);
    head.query_string = hostile_text(random);
    head.request_id = hostile_text(random);
    head.headers = {{"authorization", "Basic YWxpY2U6c2VjcmV0"}};
    for (const char* name : {"host", "referer", "user-agent", "x"}) {
      head.headers.add(name, hostile_text(random));
    }
    record.response_headers = {{"y", hostile_text(random)}};
    Line line;
    format->append(record, time, line);
    const std::string_view out = line.text();
    int quotes = 0;
    for (std::size_t at = 0; at < out.size(); ++at) {
      ASSERT_TRUE(out[at] >= 0x20 && out[at] < 0x7f) << out;
      if (out[at] == '\\')
        ++at;
      else if (out[at] == '"')
        ++quotes;
    }
    ASSERT_EQ(quotes, 14) << out;
  }
}

TEST(Format, WritesTheDefaultAsItsAtomsDo) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto one_of = [&random](auto... values) {
    const std::common_type_t<decltype(values)...> all[] = {values...};
    return all[random() % std::size(all)];
  };
  const auto interpreted = Format::compile(std::string(default_format) + "%(l)s");
  const auto by_default = Format::compile(default_format);
  for (int i = 0; i < 20'000; ++i) {
    AccessRecord record = get_record();
    RequestHead& head = own_head(record);
    head.method = random() % 4 == 0 ? hostile_text(random) : one_of("", "GET", "PROPFIND");
    head.raw_path = random() % 4 == 0 ? hostile_text(random) : one_of("", "/", "/a/long/path/x");
    head.query_string = random() % 4 == 0 ? hostile_text(random) : one_of("", "a=b", "sid=123456");
    record.event = one_of(AccessEvent::http, AccessEvent::http, AccessEvent::websocket_connecting,
                          AccessEvent::websocket_connect, AccessEvent::websocket_reject,
                          AccessEvent::websocket_disconnect);
    record.status = static_cast<std::uint16_t>(one_of(0, 99, 200, 404, 999));
    record.response_bytes = random() >> (random() % 33);
    const std::string host = one_of("", "10.0.0.1", "2001:db8::1", "unknown\n");
    const int port = one_of(0, 7, 42, 80, 443, 8000, 65'535);
    record.endpoints = std::make_shared<const Endpoints>(Endpoints{{host, port}, {}});
    if (random() % 8 == 0) record.endpoints = nullptr;
    Line expected;
    interpreted->append(record, timestamp(), expected);
    Line line;
    by_default->append(record, timestamp(), line);
    ASSERT_EQ(std::string(line.text()) + "-", expected.text());
  }
}

}  // namespace
}  // namespace sioserve::access_log
