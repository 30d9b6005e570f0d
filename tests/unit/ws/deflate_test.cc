#include "server/ws/deflate.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace sioserve::ws {
namespace {

constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text += static_cast<char>(value);
  return text;
}

// The message, or "corrupt" or "too big" in angle brackets. Fed in parts of `piece` bytes.
std::string inflate_all(Inflater& inflater, std::string_view compressed,
                        std::size_t piece = no_limit, std::size_t limit = no_limit) {
  const auto describe = [](Inflater::Error error) {
    return error == Inflater::Error::corrupt ? "<corrupt>" : "<too big>";
  };
  std::string message;
  while (!compressed.empty()) {
    if (const auto error = inflater.add(compressed.substr(0, piece), message, limit)) {
      return describe(*error);
    }
    compressed.remove_prefix(std::min(piece, compressed.size()));
  }
  if (const auto error = inflater.finish(message, limit)) return describe(*error);
  return message;
}

std::string inflate_one(std::string_view compressed, std::size_t piece = no_limit) {
  Inflater inflater(15, ContextTakeover::on);
  return inflate_all(inflater, compressed, piece);
}

// --- The examples of RFC 7692, section 7.2.3 ---

const std::string hello = bytes({0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00});

TEST(Deflate, ReadsTheExamplesOfTheSpecification) {
  for (const std::size_t piece : {no_limit, std::size_t{1}}) {
    EXPECT_EQ(inflate_one(hello, piece), "Hello");
    // A stored block, which is not compressed.
    EXPECT_EQ(inflate_one(bytes({0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00}),
                          piece),
              "Hello");
    // A block with the final bit.
    EXPECT_EQ(inflate_one(bytes({0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00}), piece), "Hello");
    // Two blocks.
    EXPECT_EQ(inflate_one(bytes({0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9,
                                 0x07, 0x00}),
                          piece),
              "Hello");
    EXPECT_EQ(inflate_one(bytes({0x00}), piece), "");
  }
}

TEST(Deflate, WritesTheExamplesOfTheSpecification) {
  Deflater keeps(15, ContextTakeover::on);
  EXPECT_EQ(keeps.compress("Hello"), hello);
  EXPECT_EQ(keeps.compress("Hello"), bytes({0xf2, 0x00, 0x11, 0x00, 0x00}));
  Deflater forgets(15, ContextTakeover::off);
  EXPECT_EQ(forgets.compress("Hello"), hello);
  EXPECT_EQ(forgets.compress("Hello"), hello);
  EXPECT_EQ(forgets.compress(""), bytes({0x00}));
}

TEST(Deflate, ASharedWindowServesTheNextMessage) {
  Inflater keeps(15, ContextTakeover::on);
  EXPECT_EQ(inflate_all(keeps, hello), "Hello");
  EXPECT_EQ(inflate_all(keeps, bytes({0xf2, 0x00, 0x11, 0x00, 0x00})), "Hello");
  Inflater forgets(15, ContextTakeover::off);
  EXPECT_EQ(inflate_all(forgets, hello), "Hello");
  EXPECT_EQ(inflate_all(forgets, bytes({0xf2, 0x00, 0x11, 0x00, 0x00})), "<corrupt>");
}

TEST(Deflate, EmptyMessagesAreUnchanged) {
  for (const ContextTakeover takeover : {ContextTakeover::on, ContextTakeover::off}) {
    Deflater deflater(12, takeover);
    Inflater inflater(12, takeover);
    for (const std::string message : {"", "", "abcabc", "", "", "abcabc"}) {
      EXPECT_EQ(inflate_all(inflater, deflater.compress(message)), message);
    }
  }
}

TEST(Deflate, AFinalBlockDoesNotEndTheWindow) {
  Inflater inflater(15, ContextTakeover::on);
  EXPECT_EQ(inflate_all(inflater, bytes({0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00})),
            "Hello");
  EXPECT_EQ(inflate_all(inflater, bytes({0xf2, 0x00, 0x11, 0x00, 0x00})), "Hello");
}

TEST(Deflate, AMessageWithoutBytesIsEmpty) { EXPECT_EQ(inflate_one(""), ""); }

TEST(Deflate, RefusesCorruptInput) {
  EXPECT_EQ(inflate_one(bytes({0x07})), "<corrupt>");       // a reserved block type
  EXPECT_EQ(inflate_one(hello.substr(0, 3)), "<corrupt>");  // incomplete block
  EXPECT_EQ(inflate_one(hello.substr(0, 6)), "<corrupt>");  // no empty block at the end
  EXPECT_EQ(inflate_one(bytes({0x00, 0x05, 0x00, 0xfa, 0xff})), "<corrupt>");
}

// --- The limit ---

TEST(Deflate, ABombIsCutOffAtTheLimit) {
  Deflater deflater(15, ContextTakeover::off);
  const std::string bomb = deflater.compress(std::string(10'000'000, 'x'));
  ASSERT_LT(bomb.size(), 20'000U);
  Inflater inflater(15, ContextTakeover::on);
  std::string message;
  std::size_t fed = 0;
  std::optional<Inflater::Error> error;
  while (!error && fed < bomb.size()) {
    error = inflater.add(std::string_view(bomb).substr(fed, 1), message, 1'000'000);
    ++fed;
  }
  EXPECT_EQ(error, Inflater::Error::too_big);
  EXPECT_LE(message.size(), 1'000'000U);
  EXPECT_LT(fed, bomb.size() / 8);
}

TEST(Deflate, TheLimitItselfIsAllowed) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{16'384}, std::size_t{100'000}}) {
    Deflater deflater(12, ContextTakeover::off);
    const std::string message(size, 'x');
    const std::string compressed = deflater.compress(message);
    Inflater within(12, ContextTakeover::off);
    EXPECT_EQ(inflate_all(within, compressed, no_limit, size), message);
    Inflater beyond(12, ContextTakeover::off);
    EXPECT_EQ(inflate_all(beyond, compressed, no_limit, size - 1), "<too big>");
  }
}

// --- Memory ---

TEST(Deflate, AllocatesMemoryOnlyWhenItIsUsed) {
  Deflater deflater(12, ContextTakeover::on);
  Inflater inflater(12, ContextTakeover::on);
  EXPECT_FALSE(deflater.holds_memory());
  EXPECT_FALSE(inflater.holds_memory());
  EXPECT_EQ(inflate_all(inflater, deflater.compress("Hello")), "Hello");
  EXPECT_TRUE(deflater.holds_memory());
  EXPECT_TRUE(inflater.holds_memory());
  deflater.release();
  inflater.release();
  EXPECT_FALSE(deflater.holds_memory());
  EXPECT_FALSE(inflater.holds_memory());
}

TEST(Deflate, AReleasedInflaterKeepsItsWindow) {
  Deflater peer(15, ContextTakeover::on);
  Inflater inflater(15, ContextTakeover::on);
  const std::string message = "the window of the peer goes on";
  EXPECT_EQ(inflate_all(inflater, peer.compress(message)), message);
  inflater.release();
  const std::string again = peer.compress(message);
  ASSERT_LT(again.size(), 10U);
  EXPECT_EQ(inflate_all(inflater, again), message);
}

// --- Compression and decompression ---

// Text with repetitions at many distances, and random bytes.
std::string make_message(std::mt19937& random) {
  const auto number = [&](std::size_t below) { return random() % below; };
  std::string message;
  const std::size_t size = std::size_t{1} << number(17);
  while (message.size() < size) {
    const std::size_t length = 1 + number(300);
    if (message.empty() || number(4) == 0) {
      for (std::size_t i = 0; i < length; ++i) message += static_cast<char>(number(256));
    } else {
      message += message.substr(number(message.size()), length);
    }
  }
  return message;
}

TEST(Deflate, RandomMessagesAreUnchanged) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int bits = 9; bits <= 15; ++bits) {
    for (const auto takeover : {ContextTakeover::on, ContextTakeover::off}) {
      Deflater deflater(bits, takeover);
      Inflater inflater(bits, takeover);
      for (int i = 0; i < 12; ++i) {
        const std::string message = make_message(random);
        const std::string compressed = deflater.compress(message);
        const std::size_t piece = 1 + random() % 2'000;
        ASSERT_TRUE(inflate_all(inflater, compressed, piece) == message)
            << bits << " bits, message " << i << ", pieces of " << piece;
        if (random() % 4 == 0) deflater.release();
        if (random() % 4 == 0) inflater.release();
      }
    }
  }
}

TEST(Deflate, HandlesRandomBytes) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int i = 0; i < 2'000; ++i) {
    Inflater inflater(9 + static_cast<int>(random() % 7), ContextTakeover::on);
    std::string noise;
    for (std::size_t size = random() % 200; size > 0; --size) {
      noise += static_cast<char>(random());
    }
    EXPECT_LE(inflate_all(inflater, noise, 1 + random() % 50, 10'000).size(), 10'000U);
  }
}

}  // namespace
}  // namespace sioserve::ws
