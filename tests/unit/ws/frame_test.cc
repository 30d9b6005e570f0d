#include "server/ws/frame.h"

#include <gtest/gtest.h>

#include <string>

namespace sioserve::ws {
namespace {

std::string bytes(MessageKind kind, std::uint64_t size) {
  return std::string(FrameHeader(kind, size).bytes());
}

TEST(FrameHeader, UsesTheShortestSize) {
  EXPECT_EQ(bytes(MessageKind::text, 0), std::string("\x81\x00", 2));
  EXPECT_EQ(bytes(MessageKind::binary, 125), "\x82\x7d");
  EXPECT_EQ(bytes(MessageKind::text, 126), std::string("\x81\x7e\x00\x7e", 4));
  EXPECT_EQ(bytes(MessageKind::text, 65'535), "\x81\x7e\xff\xff");
  EXPECT_EQ(bytes(MessageKind::text, 65'536), std::string("\x81\x7f\0\0\0\0\0\1\0\0", 10));
  EXPECT_EQ(bytes(MessageKind::text, 0x0102030405060708),
            std::string("\x81\x7f\1\2\3\4\5\6\7\10", 10));
}

}  // namespace
}  // namespace sioserve::ws
