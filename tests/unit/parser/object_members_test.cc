#include "socketio/parser/object_members.h"

#include <gtest/gtest.h>

#include <string>

#include "server/base/json.h"
#include "socketio/parser/json_tree.h"

namespace sioserve::parser {
namespace {

ReceivedValue in_json(std::string text) { return {PayloadFormat::json, std::move(text), {}}; }

ReceivedValue in_msgpack(const Json& value) {
  ReceivedValue received{PayloadFormat::msgpack, {}, {}};
  Json::to_msgpack(value, received.payload);
  return received;
}

TEST(ObjectMembers, AStringIsRemovedAndOtherMembersAreUnchanged) {
  ReceivedValue object =
      in_json(R"({ "a" : 1.50 , "pid":"x\u0041" ,"b":{"pid":"y"}, "n":123456789012345678901234 })");
  EXPECT_EQ(take_string(object, "pid"), "xA");
  EXPECT_EQ(object.payload, R"({"a" : 1.50,"b":{"pid":"y"},"n":123456789012345678901234})");
}

TEST(ObjectMembers, OtherMembersMayHaveValuesOfEveryKind) {
  for (const char* value : {"null", "true", "-1", "1", "1e3", R"("s")", "[]", "[[1],{}]", "{}",
                            R"({"a":{"pid":"b"}})", "18446744073709551616", R"([{"pid":"b"}])"}) {
    const std::string other = std::string(R"("o":)") + value;
    for (const auto& text : {"{" + other + R"(,"pid":"x"})", R"({"pid":"x",)" + other + "}"}) {
      ReceivedValue object = in_json(text);
      EXPECT_EQ(take_string(object, "pid"), "x") << text;
      EXPECT_EQ(object.payload, "{" + other + "}");
      EXPECT_TRUE(has_member(object, "o"));
      EXPECT_FALSE(has_member(object, "pid")) << text;
    }
  }
}

TEST(ObjectMembers, OfSeveralMembersWithOneNameTheLastOneCounts) {
  ReceivedValue object = in_json(R"({"pid":"x","a":1,"pid":"y"})");
  EXPECT_EQ(take_string(object, "pid"), "y");
  EXPECT_EQ(object.payload, R"({"a":1})");
  object = in_json(R"({"pid":"x","pid":1})");
  EXPECT_EQ(take_string(object, "pid"), std::nullopt);
  EXPECT_EQ(object.payload, R"({"pid":"x","pid":1})");
}

TEST(ObjectMembers, AMemberThatIsNotAStringIsNotRemoved) {
  for (const char* text : {"{}", R"({"pid":1})", R"({"pid":["x"]})", R"({"a":{"pid":"x"}})"}) {
    ReceivedValue object = in_json(text);
    EXPECT_EQ(take_string(object, "pid"), std::nullopt) << text;
    EXPECT_EQ(object.payload, text);
  }
}

TEST(ObjectMembers, MembersOfMessagePackAreRemovedTheSameWay) {
  const Json bytes = Json::binary({1, 2});
  ReceivedValue object =
      in_msgpack({{"a", bytes}, {"pid", "x"}, {"b", {{"pid", "y"}}}, {"c", Json::array({1})}});
  EXPECT_EQ(take_string(object, "pid"), "x");
  EXPECT_EQ(object.format, PayloadFormat::msgpack);
  EXPECT_EQ(to_tree(object), (Json{{"a", bytes}, {"b", {{"pid", "y"}}}, {"c", Json::array({1})}}));
  EXPECT_TRUE(has_member(object, "b"));
  EXPECT_EQ(take_string(object, "pid"), std::nullopt);
}

}  // namespace
}  // namespace sioserve::parser
