#include "server/base/request_id.h"

#include <gtest/gtest.h>

#include <set>

namespace sioserve {
namespace {

TEST(RequestIds, AreNeverTheSameTwice) {
  RequestIds ids(0);
  std::set<std::string> seen;
  for (int i = 0; i < 100'000; ++i) seen.insert(ids.next());
  EXPECT_EQ(seen.size(), 100'000U);
}

TEST(RequestIds, AreShortAndPlain) {
  RequestIds ids(42);
  for (int i = 0; i < 1000; ++i) {
    const std::string id = ids.next();
    EXPECT_EQ(id.size(), 13U);
    EXPECT_EQ(id.find_first_not_of("0123456789abcdefghjkmnpqrstvwxyz"), std::string::npos) << id;
  }
}

TEST(RequestIds, DifferWithTheSeed) { EXPECT_NE(RequestIds(1).next(), RequestIds(2).next()); }

}  // namespace
}  // namespace sioserve
