#include "socketio/parser/json_args.h"

#include <gtest/gtest.h>

#include "socketio/parser/codec.h"

namespace sioserve::parser {
namespace {

TEST(JsonArgs, WhatWasReadIsWrittenAgain) {
  const std::string json = R"(["x",null,true,1,-2,2.5,"é\n",{"b":[],"a":{}}])";
  const EncodedArgs args = encode_args(Json::parse(json));
  EXPECT_EQ(args.json, json);
  EXPECT_TRUE(args.attachments.empty());
}

TEST(JsonArgs, BinaryValuesBecomeAttachmentsInOrder) {
  const SocketIoConfig config;
  const auto codec = make_codec(config);
  const auto decoder = codec->make_decoder();
  const std::string json =
      R"(["x",{"_placeholder":true,"num":1},{"deep":[{"_placeholder":true,"num":0}]}])";
  ASSERT_TRUE(decoder->decode_text("52-/chat,7" + json));
  ASSERT_TRUE(decoder->decode_binary("first"));
  auto packet = decoder->decode_binary(std::string("\x00second", 7));
  ASSERT_TRUE(packet && *packet);
  const EncodedArgs args = encode_args(std::move((*packet)->data));
  EXPECT_EQ(args.json,
            R"(["x",{"_placeholder":true,"num":0},{"deep":[{"_placeholder":true,"num":1}]}])");
  EXPECT_EQ(args.attachments, (std::vector<std::string>{std::string("\x00second", 7), "first"}));
}

TEST(JsonArgs, AnEventsJsonIsFoundInItsMessage) {
  const SocketIoConfig limits;
  EXPECT_EQ(event_json(R"(2["x",1])", limits), R"(["x",1])");
  EXPECT_EQ(event_json(R"(2/a[b],12["x","[/a,"])", limits), R"(["x","[/a,"])");
  EXPECT_EQ(event_json(R"(2/chat?a=[],["x"])", limits), R"(["x"])");
  EXPECT_EQ(event_json("2[\"x\" ] \n", limits), "[\"x\" ]");
  EXPECT_EQ(event_json("", limits), "");
}

}  // namespace
}  // namespace sioserve::parser
