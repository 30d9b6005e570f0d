#include "server/forwarding/directory.h"

#include <gtest/gtest.h>

#include <string>

namespace sioserve::forwarding {
namespace {

using enum Directory::Received;

class DirectoryTest : public testing::Test {
 protected:
  Directory here{"aaaaaaaa", {"10.0.0.1", 7000}};
  Directory there{"bbbbbbbb", {"10.0.0.2", 7001}};
  TimePoint now{};
};

TEST_F(DirectoryTest, knows_servers_that_have_announced_themselves) {
  EXPECT_EQ(here.find("bbbbbbbb"), nullptr);
  EXPECT_EQ(here.receive(there.announce(Announcement::present), now), noted);
  ASSERT_NE(here.find("bbbbbbbb"), nullptr);
  EXPECT_EQ(here.find("bbbbbbbb")->host, "10.0.0.2");
  EXPECT_EQ(here.find("bbbbbbbb")->port, 7001);
  EXPECT_EQ(here.receive(there.announce(Announcement::leaving), now), noted);
  EXPECT_EQ(here.find("bbbbbbbb"), nullptr);
}

TEST_F(DirectoryTest, a_server_that_has_come_asks_the_others) {
  EXPECT_EQ(here.receive(there.announce(Announcement::asking), now), asked);
  EXPECT_NE(here.find("bbbbbbbb"), nullptr);
  EXPECT_EQ(here.receive(here.announce(Announcement::asking), now), noted) << "its own";
  EXPECT_EQ(here.find("aaaaaaaa"), nullptr);
}

TEST_F(DirectoryTest, forgets_servers_that_are_silent_unless_the_bus_is_interrupted) {
  here.receive(there.announce(Announcement::present), now);
  here.advance(now + Milliseconds{14'000});
  EXPECT_NE(here.find("bbbbbbbb"), nullptr);
  here.interrupted();
  now += Milliseconds{60'000};
  here.advance(now);
  EXPECT_NE(here.find("bbbbbbbb"), nullptr);
  here.connected(now);
  here.advance(now + Milliseconds{14'000});
  EXPECT_NE(here.find("bbbbbbbb"), nullptr) << "it has time to announce itself";
  here.advance(now + Milliseconds{15'000});
  EXPECT_EQ(here.find("bbbbbbbb"), nullptr);
}

TEST_F(DirectoryTest, bad_announcements_are_malformed) {
  for (const char* const text :
       {"", "x", "[]", "{}", R"({"server":"short","state":"present","host":"h","port":1,"ttl":1})",
        R"({"server":"cccccccc","state":"present","host":"h","port":70000,"ttl":1})",
        R"({"server":"cccccccc","state":"present","host":"h","port":-1,"ttl":1})",
        R"({"server":"cccccccc","state":"present","host":"h","port":1})"}) {
    EXPECT_EQ(here.receive(text, now), malformed) << text;
  }
  EXPECT_EQ(here.receive(std::string(5'000, '['), now), malformed);
  EXPECT_EQ(here.size(), 0U);
}

TEST(Tags, are_at_the_end_of_long_sids) {
  EXPECT_EQ(tag_of("01234567890123456789"), "");
  EXPECT_EQ(tag_of("01234567890123456789abcdefgh"), "abcdefgh");
  EXPECT_EQ(tag_of_query("EIO=4&sid=01234567890123456789abcdefgh"), "abcdefgh");
  EXPECT_EQ(tag_of_query("EIO=4&transport=polling"), "");
  EXPECT_EQ(tag_of_query(""), "");
}

}  // namespace
}  // namespace sioserve::forwarding
