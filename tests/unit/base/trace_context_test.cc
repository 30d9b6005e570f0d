#include "server/base/trace_context.h"

#include <gtest/gtest.h>

#include <string>

namespace sioserve {
namespace {

constexpr const char* trace_id = "0af7651916cd43dd8448eb211c80319c";
constexpr const char* span_id = "b7ad6b7169203331";

HeaderBlock headers(std::initializer_list<std::string> values) {
  HeaderBlock block;
  for (const std::string& value : values) block.add("traceparent", value);
  return block;
}

std::string value(const std::string& version = "00", const std::string& end = "-01") {
  return version + "-" + trace_id + "-" + span_id + end;
}

TEST(TraceContext, IsReadFromTheHeader) {
  const HeaderBlock block = headers({value()});
  const auto found = trace_context_of(block);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->trace_id, trace_id);
  EXPECT_EQ(found->span_id, span_id);
}

TEST(TraceContext, OfALaterVersionHasTheKnownPart) {
  EXPECT_TRUE(trace_context_of(headers({value("01")})));
  EXPECT_TRUE(trace_context_of(headers({value("cc", "-01-what-the-future-will-be-like")})));
  EXPECT_FALSE(trace_context_of(headers({value("cc", "-01.what-the-future-will-be-like")})));
}

TEST(TraceContext, IsNotThereIfTheHeaderIsInvalid) {
  EXPECT_FALSE(trace_context_of(HeaderBlock()));
  EXPECT_FALSE(trace_context_of(headers({value(), value()})));
  const std::string invalid[] = {
      "",
      value("ff"),
      value("0x"),
      value("00", "-01-more"),
      value("00", "-0"),
      value("00", "-0g"),
      value("00", "_01"),
      "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
      "00-00000000000000000000000000000000-b7ad6b7169203331-01",
      "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
      "00-0af7651916cd43dd8448eb211c80319-cb7ad6b7169203331-01",
      "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
  };
  for (const std::string& text : invalid) EXPECT_FALSE(trace_context_of(headers({text}))) << text;
}

}  // namespace
}  // namespace sioserve
