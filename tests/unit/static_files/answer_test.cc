#include "server/static_files/answer.h"

#include <gtest/gtest.h>

namespace sioserve::static_files {
namespace {

constexpr std::time_t now = 2'000'000'000;

FileFacts facts() {
  FileFacts file;
  file.name = "a.css";
  file.content_type = "text/css";
  file.size = 100;
  file.modified = 784111777;
  file.modified_nanoseconds = 5;
  return file;
}

std::string header(const Answer& answer, std::string_view name) {
  return std::string(find_header(answer.head.headers, name).value_or("(none)"));
}

Answer answer(const FileRequest& request, const FileFacts& file = facts()) {
  return answer_with(request, file, now, "BOUNDARY");
}

FileRequest asking_for(const std::string& range) {
  FileRequest request;
  request.range = range;
  return request;
}

TEST(Answer, IsTheWholeFile) {
  const Answer whole = answer({});
  EXPECT_EQ(whole.head.status, 200);
  EXPECT_EQ(header(whole, "content-type"), "text/css");
  EXPECT_EQ(header(whole, "content-length"), "100");
  EXPECT_EQ(header(whole, "last-modified"), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(header(whole, "accept-ranges"), "bytes");
  EXPECT_EQ(header(whole, "x-content-type-options"), "nosniff");
  EXPECT_EQ(header(whole, "cache-control"), "public, max-age=60");
  EXPECT_EQ(header(whole, "vary"), "(none)");
  ASSERT_EQ(whole.pieces.size(), 1U);
  EXPECT_EQ(whole.pieces[0].size, 100U);
}

TEST(Answer, HasAnotherTagForEveryStateAndCoding) {
  const std::string tag = header(answer({}), "etag");
  EXPECT_TRUE(tag.starts_with('"') && tag.ends_with('"')) << tag;
  FileFacts other = facts();
  other.modified_nanoseconds = 6;
  EXPECT_NE(header(answer({}, other), "etag"), tag);
  other = facts();
  other.size = 101;
  EXPECT_NE(header(answer({}, other), "etag"), tag);
  other = facts();
  other.coding = &codings[0];
  EXPECT_NE(header(answer({}, other), "etag"), tag);
  EXPECT_EQ(header(answer({}, other), "content-encoding"), "br");
}

TEST(Answer, IsNotModifiedWhenNothingHasChanged) {
  FileFacts file = facts();
  file.varies = true;
  FileRequest request;
  request.conditions.if_none_match = "*";
  const Answer unchanged = answer(request, file);
  EXPECT_EQ(unchanged.head.status, 304);
  EXPECT_TRUE(unchanged.pieces.empty());
  EXPECT_NE(header(unchanged, "etag"), "(none)");
  EXPECT_EQ(header(unchanged, "vary"), "Accept-Encoding");
  EXPECT_EQ(header(unchanged, "content-length"), "(none)");
}

TEST(Answer, IsOneRange) {
  const Answer part = answer(asking_for("bytes=10-19"));
  EXPECT_EQ(part.head.status, 206);
  EXPECT_EQ(header(part, "content-range"), "bytes 10-19/100");
  EXPECT_EQ(header(part, "content-length"), "10");
  ASSERT_EQ(part.pieces.size(), 1U);
  EXPECT_EQ(part.pieces[0].offset, 10U);
}

TEST(Answer, IsSeveralRangesWithTheirOwnHeads) {
  const Answer parts = answer(asking_for("bytes=0-1,-2"));
  EXPECT_EQ(header(parts, "content-type"), "multipart/byteranges; boundary=BOUNDARY");
  ASSERT_EQ(parts.pieces.size(), 3U);
  const std::string type = "content-type: text/css\r\n";
  EXPECT_EQ(parts.pieces[0].text, "--BOUNDARY\r\n" + type + "content-range: bytes 0-1/100\r\n\r\n");
  EXPECT_EQ(parts.pieces[1].text,
            "\r\n--BOUNDARY\r\n" + type + "content-range: bytes 98-99/100\r\n\r\n");
  EXPECT_EQ(parts.pieces[2].text, "\r\n--BOUNDARY--\r\n");
  std::size_t length = 4;
  for (const Answer::Piece& piece : parts.pieces) length += piece.text.size();
  EXPECT_EQ(header(parts, "content-length"), std::to_string(length));
}

TEST(Answer, HasTheFileSizeIfTheRangeIsUnsatisfiable) {
  const Answer beyond = answer(asking_for("bytes=100-"));
  EXPECT_EQ(beyond.head.status, 416);
  EXPECT_EQ(header(beyond, "content-range"), "bytes */100");
}

TEST(Answer, IgnoresARangeOfAnotherState) {
  FileRequest request = asking_for("bytes=0-1");
  request.conditions.if_range = "\"old\"";
  EXPECT_EQ(answer(request).head.status, 200);
}

TEST(Answer, ToHeadIgnoresRanges) {
  FileRequest request = asking_for("bytes=0-1");
  request.is_head = true;
  const Answer whole = answer(request);
  EXPECT_EQ(whole.head.status, 200);
  EXPECT_EQ(header(whole, "content-length"), "100");
}

TEST(Answer, IsImmutableIfTheNameHasAHash) {
  FileFacts hashed = facts();
  hashed.name = "a.0123456789ab.css";
  EXPECT_EQ(header(answer({}, hashed), "cache-control"), "public, max-age=31536000, immutable");
}

TEST(HasHash, RecognizesNamesOfManifestStaticFilesStorage) {
  EXPECT_TRUE(has_hash("base.27e20196a850.css"));
  EXPECT_TRUE(has_hash("jquery.min.27e20196a850.js"));
  EXPECT_TRUE(has_hash("README.27e20196a850"));
  EXPECT_FALSE(has_hash("27e20196a850.css")) << "a name, not a hash";
  EXPECT_FALSE(has_hash("base.27e20196a85.css"));
  EXPECT_FALSE(has_hash("base.27E20196A850.css"));
  EXPECT_FALSE(has_hash("base.27e20196a850.min.js"));
  EXPECT_FALSE(has_hash("base.css"));
  EXPECT_FALSE(has_hash("27e20196a850"));
}

TEST(FileRequest, JoinsTheLinesOfAHeader) {
  RequestHead head;
  head.method = "HEAD";
  head.headers = {{"accept-encoding", "gzip"}, {"range", "bytes=0-1"}, {"accept-encoding", "br"}};
  const FileRequest request = read_request(head);
  EXPECT_TRUE(request.is_head);
  EXPECT_EQ(request.accept_encoding, "gzip, br");
  EXPECT_EQ(request.range, "bytes=0-1");
}

}  // namespace
}  // namespace sioserve::static_files
