#include "socketio/parser/json_tree.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "server/base/json.h"

namespace sioserve::parser {
namespace {

using namespace std::string_literals;

std::string msgpack(const Json& value) {
  std::string bytes;
  Json::to_msgpack(value, bytes);
  return bytes;
}

Json binary(std::string_view bytes) {
  return Json::binary(Json::binary_t::container_type(bytes.begin(), bytes.end()));
}

TEST(JsonTree, AttachmentsReplaceTheirPlaceholders) {
  const ReceivedValue value{
      PayloadFormat::json,
      R"(["x",{"_placeholder":true,"num":1},{"deep":[{"num":0,"_placeholder":true,"more":[0]}]}])",
      {"first", "\x00second"s}};
  EXPECT_EQ(to_tree(value),
            Json::array({"x", binary("\x00second"s), {{"deep", Json::array({binary("first")})}}}));
}

TEST(JsonTree, WithoutAttachmentsNothingIsAPlaceholder) {
  const ReceivedValue value{PayloadFormat::json, R"([{"_placeholder":true,"num":0}])", {}};
  EXPECT_EQ(to_tree(value).dump(), R"([{"_placeholder":true,"num":0}])");
}

TEST(JsonTree, AnInvalidValueIsDiscarded) {
  EXPECT_TRUE(to_tree({PayloadFormat::json, "[", {}}).is_discarded());
  EXPECT_TRUE(to_tree({PayloadFormat::msgpack, "\xc1", {}}).is_discarded());
}

TEST(JsonTree, ReceivedJsonIsSentUnchanged) {
  const std::string json = R"(["x", {"_placeholder":true,"num":1}, 12345678901234567890123, 1.50])";
  const EncodedArgs args = to_encoded({PayloadFormat::json, json, {"", "b"}});
  EXPECT_EQ(args.json, json);
  EXPECT_EQ(args.attachments, (std::vector<std::string>{"", "b"}));
}

TEST(JsonTree, ReceivedMessagePackIsConvertedToJson) {
  const Json value = Json::array({"x", nullptr, true, 1, -2, 2.5, "é\n", {{"b", Json::array()}}});
  EXPECT_EQ(to_encoded({PayloadFormat::msgpack, msgpack(value), {}}).json, value.dump());
}

TEST(JsonTree, BytesOfMessagePackBecomeAttachmentsInOrder) {
  const Json value = Json::array({"x", binary("one"), {{"deep", Json::array({binary("")})}}});
  const EncodedArgs args = to_encoded({PayloadFormat::msgpack, msgpack(value), {}});
  EXPECT_EQ(args.json,
            R"(["x",{"_placeholder":true,"num":0},{"deep":[{"_placeholder":true,"num":1}]}])");
  EXPECT_EQ(args.attachments, (std::vector<std::string>{"one", ""}));
}

}  // namespace
}  // namespace sioserve::parser
