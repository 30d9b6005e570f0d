#include "socketio/server/dialect.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/unit/socketio/fixture.h"

namespace sioserve::socketio {
namespace {

using engine::Protocol;

struct DialectTest : ServerFixture, testing::Test {
  DialectTest() { framing = &engine::framing_v3(engine::BinaryForm::bytes); }
};

TEST(Dialect, TheQueryOfANamespaceIsTheAuthOfProtocol3) {
  const auto auth = [](std::string_view query) {
    return connect_auth(Protocol::v3, {PayloadFormat::json, R"({"ignored":true})"}, query).payload;
  };
  EXPECT_EQ(auth(""), "{}");
  EXPECT_EQ(auth("token=a%20b+c&empty=&bare"), R"({"token":"a b c","empty":"","bare":""})");
  EXPECT_EQ(auth("a=1&b=x&a=2&a=3&&"), R"({"a":["1","2","3"],"b":"x"})");
  EXPECT_EQ(auth("=v&%C3%BC=%E2%9C%93"), R"({"":"v","ü":"✓"})");
  EXPECT_EQ(auth("broken=%ff&half=%2"), R"({"broken":"%ff","half":"%2"})");
}

TEST(Dialect, ThePayloadIsTheAuthOfProtocol4) {
  const ReceivedValue payload{PayloadFormat::json, R"({"token":1})"};
  EXPECT_EQ(connect_auth(Protocol::v4, payload, "token=2").payload, R"({"token":1})");
}

TEST(Dialect, ARefusalInProtocol3IsOnlyItsDataOrMessage) {
  const auto refusal = [](const char* text) { return refusal_payload(Protocol::v3, text); };
  EXPECT_EQ(refusal(R"({"message":"no","data":{"at":[1]}})"), R"({"at":[1]})");
  EXPECT_EQ(refusal(R"({"message":"no","data":null})"), R"("no")");
  EXPECT_EQ(refusal(R"({"message":"no"})"), R"("no")");
  EXPECT_EQ(refusal_payload(Protocol::v4, R"({"message":"no"})"), R"({"message":"no"})");
}

TEST(Dialect, OnlyProtocol4HasAPayloadInTheAnswerToConnect) {
  EXPECT_EQ(connect_payload(Protocol::v3, "id", "pid"), "");
  EXPECT_EQ(connect_payload(Protocol::v4, "id", ""), R"({"sid":"id"})");
  EXPECT_EQ(connect_payload(Protocol::v4, "id", "pid"), R"({"sid":"id","pid":"pid"})");
}

TEST_F(DialectTest, AClientOfProtocol3JoinsTheDefaultNamespaceWithoutConnect) {
  open();
  const auto connect = sink.all<SocketConnect>().back();
  EXPECT_EQ(connect.name_space, "/");
  EXPECT_EQ(connect.id, "sid");
  EXPECT_EQ(tree(connect.auth), Json::object());
}

TEST_F(DialectTest, AClientOfProtocol3JoinsOtherNamespacesWithAQuery) {
  Peer& peer = open();
  peer.receive("0/chat?token=x,");
  const auto connect = sink.all<SocketConnect>().back();
  EXPECT_EQ(connect.name_space, "/chat");
  EXPECT_EQ(connect.id, "/chat#sid");
  EXPECT_EQ(tree(connect.auth).dump(), R"({"token":"x"})");
}

}  // namespace
}  // namespace sioserve::socketio
