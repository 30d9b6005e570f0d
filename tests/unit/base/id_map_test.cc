#include "server/base/id_map.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <random>
#include <string>

namespace sioserve {
namespace {

enum class Id : std::uint64_t {};

TEST(IdMap, FindsWhatWasInserted) {
  IdMap<Id, int> map;
  int one = 1;
  int other = 2;
  EXPECT_EQ(map.find(Id{1}), nullptr);
  map.insert(Id{1}, one);
  map.insert(Id{0}, other);
  EXPECT_EQ(map.find(Id{1}), &one);
  EXPECT_EQ(map.find(Id{0}), &other);
  EXPECT_EQ(map.find(Id{2}), nullptr);
  map.erase(Id{1});
  map.erase(Id{1});
  EXPECT_EQ(map.find(Id{1}), nullptr);
  EXPECT_EQ(map.size(), 1u);
}

// Counted ids, in which a process's number may be the upper half, come and go in any order.
TEST(IdMap, HoldsTheSameAsAnOrdinaryMap) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 20; ++round) {
    const std::uint64_t ids = 1 + random() % 300;
    IdMap<Id, const Id> map;
    std::map<Id, Id> ordinary;
    for (int step = 0; step < 3'000; ++step) {
      const Id id{(std::uint64_t{random() % 3} << 32) + random() % ids};
      const auto [place, is_new] = ordinary.emplace(id, id);
      if (is_new) {
        map.insert(id, place->second);
      } else {
        map.erase(id);
        ordinary.erase(place);
      }
    }
    ASSERT_EQ(map.size(), ordinary.size());
    for (std::uint64_t process = 0; process < 3; ++process) {
      for (std::uint64_t number = 0; number < ids; ++number) {
        const Id id{(process << 32) + number};
        const auto found = ordinary.find(id);
        ASSERT_EQ(map.find(id), found == ordinary.end() ? nullptr : &found->second);
      }
    }
    std::map<Id, Id> visited;
    map.for_each([&](Id id) { visited.emplace(id, id); });
    ASSERT_EQ(visited, ordinary);
  }
}

}  // namespace
}  // namespace sioserve
