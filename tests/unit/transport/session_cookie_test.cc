#include "server/transport/session_cookie.h"

#include <gtest/gtest.h>

namespace sioserve::transport {
namespace {

EngineIoConfig with(std::string name, std::string attributes) {
  EngineIoConfig config;
  config.cookie = std::move(name);
  config.cookie_attributes = std::move(attributes);
  return config;
}

std::string cookie(const EngineIoConfig& config) {
  Headers headers;
  add_session_cookie(config, "SID", headers);
  return headers.empty() ? "" : headers.at(0).name + ": " + headers.at(0).value;
}

TEST(SessionCookie, IsNotSetUnlessItHasAName) { EXPECT_EQ(cookie(EngineIoConfig{}), ""); }

TEST(SessionCookie, HasTheReferenceServersAttributesByDefault) {
  EngineIoConfig config;
  config.cookie = "io";
  EXPECT_EQ(cookie(config), "set-cookie: io=SID; Path=/; HttpOnly; SameSite=Lax");
  EXPECT_EQ(cookie(with("io", "")), "set-cookie: io=SID");
  EXPECT_EQ(cookie(with("lb", "Secure;SameSite = None ; Max-Age=60;")),
            "set-cookie: lb=SID; Secure; SameSite=None; Max-Age=60");
}

TEST(SessionCookie, ValidCookiesHaveNoError) {
  EXPECT_FALSE(fault_of_cookie(EngineIoConfig{}));
  for (const char* attributes :
       {"", "; Path=/; HttpOnly; SameSite=Lax", "Domain=a.example; priority=high",
        "Expires=Wed, 09 Jun 2027 10:18:14 GMT", "Secure; SameSite=None; Partitioned"}) {
    EXPECT_FALSE(fault_of_cookie(with("io", attributes))) << attributes;
  }
  EXPECT_FALSE(fault_of_cookie(with("__Host-io", "Secure; Path=/")));
}

TEST(SessionCookie, InvalidCookiesAreErrors) {
  for (const char* name : {"a b", "a=b", "a;b", "ü", "a\r\nb"}) {
    EXPECT_TRUE(fault_of_cookie(with(name, ""))->starts_with("cookie: ")) << name;
  }
  for (const char* attributes : {"Path", "Path=chat", "HttpOnly=1", "SameSite=lacks", "SameSite",
                                 "Max-Age=soon", "Max-Age=", "Domain=", "Colour=red",
                                 "a\r\nSet-Cookie: b=c", "SameSite=None", "Partitioned"}) {
    const auto fault = fault_of_cookie(with("io", attributes));
    ASSERT_TRUE(fault) << attributes;
    EXPECT_TRUE(fault->starts_with("cookie_attributes: ")) << *fault;
  }
  EXPECT_TRUE(fault_of_cookie(with("__Secure-io", "Path=/")));
  EXPECT_TRUE(fault_of_cookie(with("__Host-io", "Path=/chat; Secure")));
  EXPECT_TRUE(fault_of_cookie(with("__Host-io", "Path=/; Secure; Domain=a.example")));
}

}  // namespace
}  // namespace sioserve::transport
