#include "server/http/request_headers.h"

#include <gtest/gtest.h>

#include <string>

namespace sioserve::http {
namespace {

std::string text_of(const HeaderBlock& headers) {
  std::string text;
  for (const HeaderView& header : headers)
    text.append(header.name).append("=").append(header.value).append(" ");
  return text;
}

std::string without(HeaderBlock headers, UnderscoreHeaders underscores,
                    const ProxyConfig& proxy = ProxyConfig()) {
  std::string removed;
  for (const std::string& name : remove_underscore_headers(headers, underscores, proxy)) {
    removed += " -" + name;
  }
  return text_of(headers) + removed;
}

TEST(UnderscoreHeadersTest, AreDropped) {
  const HeaderBlock headers = {{"host", "a"}, {"x_a", "1"}, {"x-b", "2_3"}, {"_", "4"}};
  EXPECT_EQ(without(headers, UnderscoreHeaders::drop), "host=a x-b=2_3  -x_a -_");
  EXPECT_EQ(without(headers, UnderscoreHeaders::keep), "host=a x_a=1 x-b=2_3 _=4 ");
}

TEST(UnderscoreHeadersTest, AreNeverTakenForOtherHeadersOfTheRequest) {
  EXPECT_EQ(without({{"x_user", "eve"}, {"x-user", "bob"}}, UnderscoreHeaders::keep),
            "x-user=bob  -x_user");
  EXPECT_EQ(without({{"a_b-c", "1"}, {"a-b_c", "2"}}, UnderscoreHeaders::keep), " -a_b-c -a-b_c");
  EXPECT_EQ(without({{"a_b", "1"}, {"a_b", "2"}}, UnderscoreHeaders::keep), "a_b=1 a_b=2 ");
}

TEST(UnderscoreHeadersTest, AreNeverTakenForHeadersOfProxies) {
  ProxyConfig proxy;
  proxy.forwarded_for_header = "cf-connecting-ip";
  proxy.forwarded_port_header = "client-port";
  for (const char* name : {"x_forwarded_for", "x_forwarded-proto", "x-forwarded_prefix",
                           "x_request_id", "x_real_ip", "cf_connecting-ip", "client_port"}) {
    EXPECT_EQ(without({{name, "1"}}, UnderscoreHeaders::keep, proxy), std::string(" -") + name);
  }
}

std::string joined(HeaderBlock headers) {
  join_cookies(headers);
  return text_of(headers);
}

TEST(JoinCookies, LeavesOneHeaderInPlaceOfTheFirst) {
  EXPECT_EQ(joined({{"a", "1"}, {"b", "2"}}), "a=1 b=2 ");
  EXPECT_EQ(joined({{"cookie", "a=1"}, {"b", "2"}}), "cookie=a=1 b=2 ");
  EXPECT_EQ(joined({{"cookie", "a=1"}, {"b", "2"}, {"cookie", "c=3; d=4"}, {"cookie", "e=5"}}),
            "cookie=a=1; c=3; d=4; e=5 b=2 ");
  EXPECT_EQ(joined({{"cookie", ""}, {"cookie", "a=1"}, {"cookie", ""}, {"z", "1"}}),
            "cookie=a=1 z=1 ");
}

}  // namespace
}  // namespace sioserve::http
