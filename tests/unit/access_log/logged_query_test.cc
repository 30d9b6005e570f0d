#include "server/access_log/logged_query.h"

#include <gtest/gtest.h>

#include "server/access_log/atoms.h"
#include "tests/unit/access_log/records.h"

namespace sioserve::access_log {
namespace {

TEST(LoggedQuery, ShortensSessionIds) {
  EXPECT_EQ(logged_query("EIO=4&transport=polling&sid=AbCdEfGhIjKl&t=1"),
            "EIO=4&transport=polling&sid=AbCd*&t=1");
  EXPECT_EQ(logged_query("sid=AbCdEf&sid=GhIjKl"), "sid=AbCd*&sid=GhIj*");
  EXPECT_EQ(logged_query("%73i%64=AbCdEfGh"), "%73i%64=AbCd*");
  EXPECT_EQ(logged_query("sid=Ab"), "sid=Ab*");
}

TEST(LoggedQuery, LeavesEverythingElse) {
  for (const auto* query :
       {"", "a", "a=1&b=2", "sid", "side=AbCdEfGh", "&&", "a=sid=AbCdEfGh&", "=x"}) {
    EXPECT_EQ(logged_query(query), query);
  }
}

TEST(LoggedQuery, IsThatOfTheTarget) {
  auto record = get_record();
  own_head(record).query_string = "sid=AbCdEfGh";
  EXPECT_EQ(target_of(record), "/a%20b?sid=AbCd*");
}

}  // namespace
}  // namespace sioserve::access_log
