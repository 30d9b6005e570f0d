#include "server/transport/cors.h"

#include <gtest/gtest.h>

#include "tests/unit/transport/fixture.h"

namespace sioserve::transport {
namespace {

struct CorsTest : testing::Test {
  CorsConfig config;

  Headers headers_for(const std::string& origin) const {
    Headers answer;
    RequestHead request = make_head("GET", "/socket.io/", "");
    if (!origin.empty()) request.headers = {{"origin", origin}};
    Cors(config).add_headers(request, answer);
    return answer;
  }
  // "-" if the header is absent.
  static std::string value(const Headers& headers, std::string_view name) {
    return std::string(find_header(headers, name).value_or("-"));
  }
  std::string allowed_origin(const std::string& origin) const {
    return value(headers_for(origin), "access-control-allow-origin");
  }
  std::string fault(const std::string& origin) const {
    CorsConfig other = config;
    other.origins = {origin};
    return Cors::fault_of(other).value_or("");
  }
};

TEST_F(CorsTest, IsOffWithoutOrigins) {
  EXPECT_FALSE(Cors(config).is_on());
  EXPECT_FALSE(Cors(config).allows("https://a.example"));
  EXPECT_TRUE(headers_for("https://a.example").empty());
}

TEST_F(CorsTest, AListedOriginIsEchoedAndNoOther) {
  config.origins = {"https://a.example", "HTTP://LocalHost:3000"};
  EXPECT_EQ(allowed_origin("https://a.example"), "https://a.example");
  EXPECT_EQ(allowed_origin("http://localhost:3000"), "http://localhost:3000");
  for (const char* other : {"", "null", "http://a.example", "https://a.example:8443",
                            "https://a.example.evil.example", "https://evil.example",
                            "https://sub.a.example", "http://localhost", "https://a.example/"}) {
    EXPECT_EQ(allowed_origin(other), "-") << other;
    const Headers headers = headers_for(other);
    ASSERT_EQ(headers.size(), 1u) << other;
    EXPECT_EQ(value(headers, "vary"), "Origin");
  }
  EXPECT_EQ(value(headers_for("https://a.example"), "vary"), "Origin");
}

TEST_F(CorsTest, TheDefaultPortMayBeGivenOrNot) {
  config.origins = {"https://a.example:443"};
  EXPECT_EQ(allowed_origin("https://a.example"), "https://a.example");
}

TEST_F(CorsTest, AStarAllowsSubdomainsWithThatSchemeAndPort) {
  config.origins = {"https://*.a.example"};
  EXPECT_EQ(allowed_origin("https://x.a.example"), "https://x.a.example");
  EXPECT_EQ(allowed_origin("https://y.x.a.example"), "https://y.x.a.example");
  EXPECT_EQ(allowed_origin("https://a.example"), "-");
  EXPECT_EQ(allowed_origin("http://x.a.example"), "-");
  EXPECT_EQ(allowed_origin("https://xa.example"), "-");
  EXPECT_EQ(allowed_origin("https://evil.example:1.a.example"), "-");
  EXPECT_EQ(allowed_origin("https://X.A.EXAMPLE"), "https://X.A.EXAMPLE");
  for (const char* other : {"null", "https://x.a.example.evil.example", "https://x.a.example:8443",
                            "https://evil.example@x.a.example", "https://x.a.example@evil.example",
                            "https://evil.example/.a.example", "https://evil.example?.a.example",
                            "https://evil.example#.a.example", "https://evil.example\\.a.example",
                            "https://evil.example .a.example", "https://[::1].a.example",
                            "https://*.a.example", "https://x.a.example, https://evil.example"}) {
    EXPECT_EQ(allowed_origin(other), "-") << other;
  }
}

TEST_F(CorsTest, AStarIsForAPartOfTheFirstLabel) {
  config.origins = {"https://App-*.a.example", "https://*-x.b.example:8443"};
  EXPECT_EQ(allowed_origin("https://app-17.a.example"), "https://app-17.a.example");
  EXPECT_EQ(allowed_origin("https://APP-17.a.example"), "https://APP-17.a.example");
  EXPECT_EQ(allowed_origin("https://1-x.b.example:8443"), "https://1-x.b.example:8443");
  for (const char* other :
       {"https://app-.a.example", "https://app-1.2.a.example", "https://app-17.a.example:8443",
        "http://app-17.a.example", "https://xapp-17.a.example", "https://app-17.a.example.evil",
        "https://app-17.evil-a.example", "https://1-x.b.example", "https://-x.b.example:8443",
        "https://app-evil.example/.a.example", "https://app-1@x.a.example",
        "https://app-1:2.a.example", "https://app-*.a.example", "null"}) {
    EXPECT_EQ(allowed_origin(other), "-") << other;
  }
}

TEST_F(CorsTest, AStarIsForAnyPort) {
  config.origins = {"http://localhost:*", "https://*.a.example:*"};
  EXPECT_EQ(allowed_origin("http://localhost"), "http://localhost");
  EXPECT_EQ(allowed_origin("http://localhost:3000"), "http://localhost:3000");
  EXPECT_EQ(allowed_origin("https://x.a.example:1"), "https://x.a.example:1");
  EXPECT_EQ(allowed_origin("https://localhost:3000"), "-");
  EXPECT_EQ(allowed_origin("http://localhost.evil:3000"), "-");
  EXPECT_EQ(allowed_origin("http://localhost:3000@evil.example"), "-");
  EXPECT_EQ(allowed_origin("http://localhost:evil.example"), "-");
}

TEST_F(CorsTest, AnyOriginIsSaidWithoutEchoing) {
  config.origins = {"*"};
  EXPECT_TRUE(Cors(config).allows("null"));
  const Headers headers = headers_for("https://a.example");
  EXPECT_EQ(value(headers, "access-control-allow-origin"), "*");
  EXPECT_EQ(value(headers, "vary"), "-");
  EXPECT_EQ(value(headers, "access-control-allow-credentials"), "-");
}

TEST_F(CorsTest, CredentialsAreAllowedForListedOriginsOnly) {
  config.origins = {"https://a.example"};
  config.credentials = true;
  EXPECT_EQ(value(headers_for("https://a.example"), "access-control-allow-credentials"), "true");
  EXPECT_EQ(value(headers_for("https://b.example"), "access-control-allow-credentials"), "-");
}

TEST_F(CorsTest, ThePreflightResponseListsAllowedMethodsAndHeaders) {
  config.origins = {"https://a.example"};
  config.credentials = true;
  config.max_age = 600;
  const RequestHead request = make_head("OPTIONS", "/socket.io/", "",
                                        {{"origin", "https://a.example"},
                                         {"access-control-request-method", "POST"},
                                         {"access-control-request-headers", "x-token, x-other"}});
  ResponseHead answer = Cors(config).preflight(request);
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(value(answer.headers, "access-control-allow-origin"), "https://a.example");
  EXPECT_EQ(value(answer.headers, "access-control-allow-credentials"), "true");
  EXPECT_EQ(value(answer.headers, "access-control-allow-methods"), "GET, HEAD, POST");
  EXPECT_EQ(value(answer.headers, "access-control-allow-headers"), "x-token, x-other");
  EXPECT_EQ(value(answer.headers, "access-control-max-age"), "600");
  EXPECT_EQ(value(answer.headers, "vary"), "Origin, Access-Control-Request-Headers");

  config.allowed_headers = {"x-one", "x-two"};
  config.max_age = 0;
  answer = Cors(config).preflight(request);
  EXPECT_EQ(value(answer.headers, "access-control-allow-headers"), "x-one, x-two");
  EXPECT_EQ(value(answer.headers, "access-control-max-age"), "-");
}

TEST_F(CorsTest, ThePreflightResponseToAnotherOriginAllowsNothing) {
  config.origins = {"https://a.example"};
  const ResponseHead answer = Cors(config).preflight(
      make_head("OPTIONS", "/socket.io/", "",
                {{"origin", "https://b.example"}, {"access-control-request-headers", "x-token"}}));
  EXPECT_EQ(answer.status, 204);
  ASSERT_EQ(answer.headers.size(), 1u);
  EXPECT_EQ(value(answer.headers, "vary"), "Origin");
}

TEST_F(CorsTest, InvalidHeaderNamesAreNotEchoed) {
  config.origins = {"*"};
  const ResponseHead answer = Cors(config).preflight(make_head(
      "OPTIONS", "/socket.io/", "", {{"access-control-request-headers", "x-token, a b"}}));
  EXPECT_EQ(value(answer.headers, "access-control-allow-headers"), "-");
}

TEST_F(CorsTest, ExposedHeadersAreInResponses) {
  config.origins = {"*"};
  config.exposed_headers = {"x-one", "x-two"};
  EXPECT_EQ(value(headers_for("https://a.example"), "access-control-expose-headers"),
            "x-one, x-two");
}

TEST_F(CorsTest, InvalidOriginsAreErrors) {
  for (const char* good : {"*", "https://a.example", "http://localhost:3000", "https://*.a.example",
                           "capacitor://localhost", "http://[::1]:8000", "http://localhost:*",
                           "https://app-*.a.example", "https://*-app.a.example:8443"}) {
    EXPECT_EQ(fault(good), "") << good;
  }
  for (const char* bad : {"",
                          "a.example",
                          "https://a.example/",
                          "https://a.example/path",
                          "null",
                          "https://",
                          "https://*",
                          "https://a.*.example",
                          "https://a b.example",
                          "https://a.example:port",
                          "ht tp://a.example",
                          "**",
                          "https://app-*",
                          "https://app-*.example",
                          "https://a*b*.a.example",
                          "https://**.a.example",
                          "htt*://a.example",
                          "*.a.example",
                          "https://a.example:80:*",
                          "https://a.example:8*",
                          "https://[::*].a"}) {
    EXPECT_TRUE(fault(bad).starts_with("cors_origins: \"" + std::string(bad) + "\"")) << bad;
    EXPECT_TRUE(fault(bad).ends_with("\"http://localhost:*\"")) << fault(bad);
  }
}

TEST_F(CorsTest, AnyOriginWithCredentialsIsAnError) {
  config.credentials = true;
  EXPECT_TRUE(fault("*").starts_with("cors_origins: \"*\" cannot go together"));
  EXPECT_EQ(fault("https://a.example"), "");
  config.origins = {};
  EXPECT_TRUE(Cors::fault_of(config));
}

TEST_F(CorsTest, HeaderNamesAreChecked) {
  config.origins = {"*"};
  config.allowed_headers = {"x-good", "x bad"};
  EXPECT_EQ(Cors::fault_of(config), "cors_allowed_headers: \"x bad\" is no header's name");
  config.allowed_headers = {};
  config.exposed_headers = {""};
  EXPECT_EQ(Cors::fault_of(config), "cors_exposed_headers: \"\" is no header's name");
}

}  // namespace
}  // namespace sioserve::transport
