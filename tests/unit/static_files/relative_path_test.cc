#include "server/static_files/relative_path.h"

#include <gtest/gtest.h>

namespace sioserve::static_files {
namespace {

std::optional<std::string> below_static(const std::string& raw_path) {
  RequestHead head;
  head.raw_path = raw_path;
  head.path = percent_decode(raw_path, PlusSign::literal);
  return relative_path(head, "/static/");
}

TEST(RelativePath, IsThePartAfterThePrefixDecoded) {
  EXPECT_EQ(below_static("/static/a/b.css"), "a/b.css");
  EXPECT_EQ(below_static("/static/a%20b+c%25.css"), "a b+c%.css");
  EXPECT_EQ(below_static("/static/%C3%B6.css"), "\xC3\xB6.css");
  EXPECT_EQ(below_static("/st%61tic/a"), "a");
  EXPECT_EQ(below_static("/static/a..b/c...css"), "a..b/c...css");
  EXPECT_EQ(below_static("/static/a\\b"), "a\\b") << "a backslash is a character like any other";
}

TEST(RelativePath, NeverLeadsOutOfTheDirectory) {
  for (const char* path : {"/static/../a", "/static/a/../../b", "/static/a/..", "/static/./a",
                           "/static/.", "/static/%2e%2e/a", "/static/.%2E/a", "/static//etc/passwd",
                           "/static//", "/static/a//b", "/static/..%2fa", "/static/a%2Fb",
                           "/static/%2fetc/passwd", "/static/a%00.css", "/static/", "/static/a/"}) {
    EXPECT_EQ(below_static(path), std::nullopt) << path;
  }
}

TEST(RelativePath, HasNoControlCharacters) {
  for (const char* path :
       {"/static/a%0Ab", "/static/a%0d%0ab/c", "/static/%1b[2J", "/static/%7f"}) {
    EXPECT_EQ(below_static(path), std::nullopt) << path;
  }
}

TEST(RelativePath, NamesNoHiddenFiles) {
  EXPECT_EQ(below_static("/static/.env"), std::nullopt);
  EXPECT_EQ(below_static("/static/.git/config"), std::nullopt);
  EXPECT_EQ(below_static("/static/a/.htaccess"), std::nullopt);
  EXPECT_EQ(below_static("/static/.well-known/security.txt"), ".well-known/security.txt");
}

}  // namespace
}  // namespace sioserve::static_files
