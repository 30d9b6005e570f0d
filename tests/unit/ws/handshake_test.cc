#include "server/ws/handshake.h"

#include <gtest/gtest.h>

#include <string>

namespace sioserve::ws {
namespace {

RequestHead request() {
  return {"GET",
          "/",
          "/",
          "",
          "1.1",
          {{"host", "a"},
           {"connection", "keep-alive, Upgrade"},
           {"upgrade", "WebSocket"},
           {"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="},
           {"sec-websocket-version", "13"}}};
}

void set(RequestHead& head, const std::string& name, const std::string& value) {
  HeaderBlock headers;
  for (const HeaderView& header : head.headers) {
    headers.add(header.name, header.name == name ? value : header.value);
  }
  head.headers = headers;
}

TEST(Handshake, AnswersTheKeyOfTheSpecification) {
  const auto handshake = check_handshake(request());
  ASSERT_TRUE(handshake);
  EXPECT_EQ(handshake->accept_key, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_TRUE(handshake->subprotocols.empty());
}

TEST(Handshake, IsRequestedByTheUpgradeHeader) {
  RequestHead head = request();
  EXPECT_TRUE(asks_for_websocket(head));
  set(head, "upgrade", "h2c, websocket");
  EXPECT_TRUE(asks_for_websocket(head));
  set(head, "upgrade", "h2c");
  EXPECT_FALSE(asks_for_websocket(head));
}

TEST(Handshake, ListsSubprotocolsInOrder) {
  RequestHead head = request();
  head.headers.add("sec-websocket-protocol", "b, a");
  head.headers.add("sec-websocket-protocol", "c");
  const auto handshake = check_handshake(head);
  ASSERT_TRUE(handshake);
  EXPECT_EQ(handshake->subprotocols, (std::vector<std::string>{"b", "a", "c"}));
}

TEST(Handshake, RefusesABadKey) {
  for (const char* key : {"", "x", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZTE=", "AAAA"}) {
    RequestHead head = request();
    set(head, "sec-websocket-key", key);
    const auto handshake = check_handshake(head);
    ASSERT_FALSE(handshake) << key;
    EXPECT_EQ(status_of(handshake.error()), 400);
  }
  RequestHead twice = request();
  twice.headers.add("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
  EXPECT_FALSE(check_handshake(twice));
}

TEST(Handshake, RefusesOtherVersions) {
  RequestHead head = request();
  set(head, "sec-websocket-version", "8");
  ASSERT_FALSE(check_handshake(head));
  EXPECT_EQ(status_of(check_handshake(head).error()), 426);
  head.headers = {{"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="}};
  EXPECT_EQ(status_of(check_handshake(head).error()), 426);
}

TEST(Handshake, HasNoKeyOverHttp2) {
  RequestHead head = request();
  head.http_version = "2";
  head.headers = {{"host", "a"}, {"sec-websocket-version", "13"}, {"sec-websocket-protocol", "b"}};
  const auto handshake = check_handshake(head);
  ASSERT_TRUE(handshake);
  const Headers answer = answer_headers(*handshake, "b");
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(answer[0].name, "sec-websocket-protocol");
  head.headers = {{"host", "a"}};
  EXPECT_EQ(check_handshake(head).error(), HandshakeError::version_unsupported);
}

TEST(Handshake, RefusesOtherMethodsAndHttp10) {
  RequestHead head = request();
  head.method = "POST";
  EXPECT_EQ(check_handshake(head).error(), HandshakeError::bad_request);
  head = request();
  head.http_version = "1.0";
  EXPECT_EQ(check_handshake(head).error(), HandshakeError::bad_request);
}

}  // namespace
}  // namespace sioserve::ws
