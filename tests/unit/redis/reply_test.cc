#include "server/redis/reply.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sioserve::redis {
namespace {

// A reply as a text that is easy to compare.
std::string shown(const Reply& reply) {
  switch (reply.type) {
    case Reply::Type::string:
      return "'" + reply.text + "'";
    case Reply::Type::status:
      return "+" + reply.text;
    case Reply::Type::error:
      return "-" + reply.text;
    case Reply::Type::integer:
      return std::to_string(reply.integer);
    case Reply::Type::nil:
      return "nil";
    case Reply::Type::array: {
      std::string text = "[";
      for (const Reply& element : reply.elements) text += shown(element) + " ";
      return text + "]";
    }
  }
  return "";
}

// What is read, and the error, if any.
std::vector<std::string> read_in_parts(std::string_view bytes, std::size_t first,
                                       std::size_t max_bytes = 1'000'000) {
  ReplyReader reader(max_bytes);
  std::vector<std::string> read;
  for (const std::string_view part : {bytes.substr(0, first), bytes.substr(first)}) {
    reader.feed(part);
    for (;;) {
      auto reply = reader.next();
      if (!reply) {
        read.push_back("error: " + reply.error());
        return read;
      }
      if (!*reply) break;
      read.push_back(shown(**reply));
    }
  }
  return read;
}

std::vector<std::string> read_all(std::string_view bytes) {
  return read_in_parts(bytes, bytes.size());
}

using Texts = std::vector<std::string>;

TEST(ReplyReader, ReadsEachType) {
  EXPECT_EQ(read_all("+OK\r\n"), Texts{"+OK"});
  EXPECT_EQ(read_all("-ERR no\r\n"), Texts{"-ERR no"});
  EXPECT_EQ(read_all(":-12\r\n"), Texts{"-12"});
  EXPECT_EQ(read_all(std::string_view("$4\r\na\0\r\n\r\n", 10)),
            Texts{std::string("'a\0\r\n'", 6)});
  EXPECT_EQ(read_all("$0\r\n\r\n"), Texts{"''"});
  EXPECT_EQ(read_all("$-1\r\n*-1\r\n"), (Texts{"nil", "nil"}));
  EXPECT_EQ(read_all("*0\r\n"), Texts{"[]"});
  EXPECT_EQ(read_all("*3\r\n$7\r\nmessage\r\n*2\r\n:1\r\n+a\r\n$-1\r\n"),
            Texts{"['message' [1 +a ] nil ]"});
}

TEST(ReplyReader, ReadsRepliesThatAreCutAtAnyByte) {
  const std::string_view bytes =
      "+PONG\r\n*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$5\r\nhello\r\n:42\r\n*2\r\n$1\r\na\r\n:3\r\n"
      "-LOADING wait\r\n$-1\r\n";
  const Texts whole = read_all(bytes);
  ASSERT_EQ(whole.size(), 6u);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    EXPECT_EQ(read_in_parts(bytes, cut), whole) << cut;
  }
}

TEST(ReplyReader, RefusesWhatIsNoReply) {
  const Texts read = read_all("HTTP/1.1 400 Bad Request\r\n");
  ASSERT_EQ(read.size(), 1u);
  EXPECT_TRUE(read[0].starts_with("error: Protocol error")) << read[0];
}

TEST(ReplyReader, RefusesALargeReplyBeforeItIsComplete) {
  const std::string bytes = "$2000\r\n" + std::string(1500, 'a');
  const Texts read = read_in_parts(bytes, 800, 1000);
  EXPECT_EQ(read, Texts{"error: a reply is larger than 1000 bytes"});
}

TEST(ReplyReader, CountsOnlyUnreadBytes) {
  std::string bytes;
  for (int i = 0; i < 100; ++i) bytes += "$500\r\n" + std::string(500, 'a') + "\r\n";
  ReplyReader reader(1000);
  std::size_t replies = 0;
  for (std::string_view left = bytes; !left.empty();) {
    reader.feed(left.substr(0, 300));
    left.remove_prefix(std::min<std::size_t>(300, left.size()));
    for (;;) {
      auto reply = reader.next();
      ASSERT_TRUE(reply) << reply.error();
      if (!*reply) break;
      ++replies;
    }
  }
  EXPECT_EQ(replies, 100u);
}

TEST(ReplyReader, RefusesArraysWithManyElements) {
  const Texts expected{"error: a reply has more than 1024 elements"};
  EXPECT_EQ(read_all("*1025\r\n"), expected);
  EXPECT_EQ(read_all("*2147483647\r\n"), expected);
  EXPECT_EQ(read_all("*2\r\n*1000\r\n"), Texts{});
  std::string nested = "*2\r\n*1000\r\n";
  for (int i = 0; i < 1000; ++i) nested += ":1\r\n";
  EXPECT_EQ(read_all(nested + "*100\r\n"), expected);
}

TEST(ReplyReader, ForgetsAnIncompleteReply) {
  ReplyReader reader;
  reader.feed("*3\r\n$7\r\nmessage\r\n*2\r\n:1\r\n");
  EXPECT_FALSE(*reader.next());
}

TEST(ReplyReader, RefusesDeepArrays) {
  std::string nested;
  for (int i = 0; i < 100; ++i) nested += "*1\r\n";
  const Texts read = read_all(nested);
  ASSERT_EQ(read.size(), 1u);
  EXPECT_TRUE(read[0].starts_with("error: ")) << read[0];
}

}  // namespace
}  // namespace sioserve::redis
