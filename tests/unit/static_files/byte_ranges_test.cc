#include "server/static_files/byte_ranges.h"

#include <gtest/gtest.h>

#include <string>

namespace sioserve::static_files {
namespace {

using Kind = RangeSelection::Kind;
using Ranges = std::vector<ByteRange>;

Ranges parts(std::string_view range, std::uint64_t size) {
  const RangeSelection selection = select_ranges(range, size);
  EXPECT_EQ(selection.kind, Kind::parts) << range;
  return selection.ranges;
}

TEST(ByteRanges, HaveThreeForms) {
  EXPECT_EQ(parts("bytes=0-0", 10), (Ranges{{0, 1}}));
  EXPECT_EQ(parts("bytes=2-5", 10), (Ranges{{2, 4}}));
  EXPECT_EQ(parts("bytes=7-", 10), (Ranges{{7, 3}}));
  EXPECT_EQ(parts("bytes=-3", 10), (Ranges{{7, 3}}));
  EXPECT_EQ(parts("Bytes= 2 - 5 ", 10), (Ranges{{2, 4}}));
}

TEST(ByteRanges, EndWithTheFile) {
  EXPECT_EQ(parts("bytes=5-99", 10), (Ranges{{5, 5}}));
  EXPECT_EQ(parts("bytes=-99", 10), (Ranges{{0, 10}}));
  EXPECT_EQ(parts("bytes=5-99999999999999999999999", 10), (Ranges{{5, 5}}));
}

TEST(ByteRanges, MayBeSeveral) {
  EXPECT_EQ(parts("bytes=0-1, 4-5,-1", 10), (Ranges{{0, 2}, {4, 2}, {9, 1}}));
  EXPECT_EQ(parts("bytes=5-5,0-0", 10), (Ranges{{5, 1}, {0, 1}}));
  EXPECT_EQ(parts("bytes=50-60,0-0", 10), (Ranges{{0, 1}})) << "the others are left out";
}

TEST(ByteRanges, AreUnsatisfiableAfterTheEnd) {
  EXPECT_EQ(select_ranges("bytes=10-", 10).kind, Kind::unsatisfiable);
  EXPECT_EQ(select_ranges("bytes=10-20,30-40", 10).kind, Kind::unsatisfiable);
  EXPECT_EQ(select_ranges("bytes=-0", 10).kind, Kind::unsatisfiable);
  EXPECT_EQ(select_ranges("bytes=0-", 0).kind, Kind::unsatisfiable);
  EXPECT_EQ(select_ranges("bytes=99999999999999999999-", 10).kind, Kind::unsatisfiable);
}

TEST(ByteRanges, AreIgnoredWhenMalformed) {
  for (const char* range :
       {"", "bytes", "bytes=", "bytes=a-b", "bytes=5", "bytes=5-2", "bytes=-", "bytes=--5",
        "bytes=1-2-3", "bytes=0x1-2", "bytes=+1-2", "bytes=0-1,x", "lines=0-1", "bytes 0-1"}) {
    EXPECT_EQ(select_ranges(range, 10).kind, Kind::whole) << range;
  }
}

TEST(ByteRanges, AreIgnoredWhenAbusive) {
  std::string many = "bytes=0-0";
  for (int i = 0; i < 15; ++i) many += ",0-0";
  EXPECT_EQ(select_ranges(many, 100).kind, Kind::parts);
  EXPECT_EQ(select_ranges(many + ",0-0", 100).kind, Kind::whole);
  EXPECT_EQ(select_ranges("bytes=0-,0-", 10).kind, Kind::whole) << "more than the file";
}

}  // namespace
}  // namespace sioserve::static_files
