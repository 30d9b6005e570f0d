#include "server/ws/whole_frame.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <random>
#include <string>
#include <string_view>

namespace sioserve::ws {
namespace {

constexpr std::string_view mask = "\x91\x02\xf3\x64";

// The size in this number of bytes, whether it is the shortest form or not.
std::string header(char first, char form, std::uint64_t size, int size_bytes) {
  std::string bytes = {first, static_cast<char>(0x80 | form)};
  for (int i = size_bytes - 1; i >= 0; --i) bytes += static_cast<char>(size >> (8 * i) & 0xff);
  return bytes.append(mask);
}

TEST(WholeFrame, ReadsTheHeaders) {
  for (const char size : {'\0', '\1', '\175'}) {
    const auto small = WholeFrame::at(header('\x81', size, 0, 0));
    ASSERT_TRUE(small);
    EXPECT_EQ(small->kind(), MessageKind::text);
    EXPECT_EQ(small->header_size(), 6U);
    EXPECT_EQ(small->left(), static_cast<std::uint64_t>(size));
  }
  const auto text = WholeFrame::at(header('\x81', 126, 126, 2));
  ASSERT_TRUE(text);
  EXPECT_EQ(text->kind(), MessageKind::text);
  EXPECT_EQ(text->header_size(), 8U);
  EXPECT_EQ(text->left(), 126U);
  const auto binary = WholeFrame::at(header('\x82', 127, 65'536, 8));
  ASSERT_TRUE(binary);
  EXPECT_EQ(binary->kind(), MessageKind::binary);
  EXPECT_EQ(binary->header_size(), 14U);
  EXPECT_EQ(binary->left(), 65'536U);
}

TEST(WholeFrame, LeavesOtherFrames) {
  const std::string small = header('\x81', 5, 0, 0);
  const std::string large = header('\x81', 126, 300, 2);
  const std::string huge = header('\x82', 127, 65'536, 8);
  EXPECT_FALSE(WholeFrame::at(""));
  for (std::size_t size = 1; size < small.size(); ++size) {
    EXPECT_FALSE(WholeFrame::at(small.substr(0, size))) << size;
  }
  for (std::size_t size = 1; size < large.size(); ++size) {
    EXPECT_FALSE(WholeFrame::at(large.substr(0, size))) << size;
  }
  for (std::size_t size = 1; size < huge.size(); ++size) {
    EXPECT_FALSE(WholeFrame::at(huge.substr(0, size))) << size;
  }
  EXPECT_FALSE(WholeFrame::at(header('\x01', 126, 300, 2))) << "a fragment";
  EXPECT_FALSE(WholeFrame::at(header('\x80', 126, 300, 2))) << "the last fragment";
  EXPECT_FALSE(WholeFrame::at(header('\xc1', 126, 300, 2))) << "compressed";
  EXPECT_FALSE(WholeFrame::at(header('\x88', 126, 300, 2))) << "a close frame";
  EXPECT_FALSE(WholeFrame::at(header('\x81', 126, 125, 2))) << "not the shortest form";
  EXPECT_FALSE(WholeFrame::at(header('\x81', 127, 65'535, 8))) << "not the shortest form";
  EXPECT_FALSE(WholeFrame::at(header('\x81', 127, std::uint64_t{1} << 63, 8))) << "no size";
  std::string unmasked = large;
  unmasked[1] = 126;
  EXPECT_FALSE(WholeFrame::at(unmasked));
  unmasked = small;
  unmasked[1] = 5;
  EXPECT_FALSE(WholeFrame::at(unmasked));
}

TEST(WholeFrame, UnmasksAPayloadInPieces) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int run = 0; run < 200; ++run) {
    std::string expected(126 + random() % 2'000, '\0');
    for (char& byte : expected) byte = static_cast<char>(random());
    std::string masked = expected;
    for (std::size_t i = 0; i < masked.size(); ++i) {
      masked[i] = static_cast<char>(masked[i] ^ mask[i % 4]);
    }
    auto frame = WholeFrame::at(header('\x82', 126, expected.size(), 2));
    ASSERT_TRUE(frame);
    masked += "of the next frame";
    std::string_view rest = masked;
    std::string payload = "before";
    while (frame->left() > 0) {
      const std::string_view piece = rest.substr(0, random() % 200);
      rest.remove_prefix(frame->add(piece, payload));
    }
    EXPECT_EQ(payload, "before" + expected);
    EXPECT_EQ(frame->add(rest, payload), 0U);
  }
}

TEST(WholeFrame, SkipsAPayload) {
  auto frame = WholeFrame::at(header('\x82', 126, 130, 2));
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->skip(std::string(100, 'x')), 100U);
  EXPECT_EQ(frame->skip(std::string(100, 'x')), 30U);
  EXPECT_EQ(frame->left(), 0U);
}

}  // namespace
}  // namespace sioserve::ws
