#include "server/base/random_id.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace sioserve {
namespace {

constexpr const char* alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

TEST(RandomId, IsTwentyBase64UrlCharacters) {
  for (int i = 0; i < 1000; ++i) {
    const std::string id = random_id();
    EXPECT_EQ(id.size(), 20U);
    EXPECT_EQ(id.find_first_not_of(alphabet), std::string::npos) << id;
  }
}

TEST(RandomId, NeverRepeats) {
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) EXPECT_TRUE(seen.insert(random_id()).second);
}

TEST(RandomId, UsesItsWholeAlphabet) {
  std::set<char> seen;
  for (int i = 0; i < 1000; ++i) {
    for (char c : random_id()) seen.insert(c);
  }
  EXPECT_EQ(seen.size(), 64U);
}

}  // namespace
}  // namespace sioserve
