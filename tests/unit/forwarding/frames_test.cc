#include "server/forwarding/frames.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sioserve::forwarding {
namespace {

std::string framed(const Message& message) {
  std::string bytes;
  EXPECT_TRUE(append_frame(message, bytes));
  return bytes;
}

template <typename M>
M read_back(const Message& message) {
  FrameReader reader(max_frame);
  reader.feed(framed(message));
  auto read = reader.next();
  EXPECT_TRUE(read && *read);
  EXPECT_EQ(framed(**read), framed(message));
  return std::get<M>(**read);
}

RequestHead some_head() {
  RequestHead head{"GET", "/socket.io/", "/socket.io/", "EIO=4&sid=x", "1.1", {}, "id"};
  head.headers.add("host", "localhost");
  head.headers.add("cookie", "a=1");
  return head;
}

TEST(Frames, carry_all_fields) {
  const auto opened = read_back<OpenRequest>(
      OpenRequest{StreamNumber{7},
                  some_head(),
                  {{"10.0.0.1", 4000}, {"10.0.0.2", 80}, true, "/run/a.sock"},
                  "body",
                  BodyPart::more});
  EXPECT_EQ(opened.stream, StreamNumber{7});
  EXPECT_EQ(opened.head.query_string, "EIO=4&sid=x");
  EXPECT_EQ(find_header(opened.head.headers, "cookie"), "a=1");
  EXPECT_EQ(opened.endpoints.client.host, "10.0.0.1");
  EXPECT_EQ(opened.endpoints.server.port, 80);
  EXPECT_TRUE(opened.endpoints.tls);
  EXPECT_EQ(opened.endpoints.unix_path, "/run/a.sock");
  EXPECT_EQ(opened.body, "body");
  EXPECT_EQ(opened.part, BodyPart::more);
  const auto respond = read_back<Respond>(
      Respond{StreamNumber{8}, {413, {{"content-type", "text/html"}}}, "no", BodyPart::last});
  EXPECT_EQ(respond.head.status, 413);
  EXPECT_EQ(respond.head.headers.at(0).value, "text/html");
  const auto message = read_back<ServerMessage>(ServerMessage{
      StreamNumber{9}, MessageKind::binary, Compression::declined, std::string("\0\xff", 2)});
  EXPECT_EQ(message.kind, MessageKind::binary);
  EXPECT_EQ(message.compression, Compression::declined);
  EXPECT_EQ(message.payload, std::string("\0\xff", 2));
}

TEST(Frames, every_message_is_read_as_it_was_written) {
  const StreamNumber stream{0x01020304};
  read_back<Hello>(Hello{1, "nonce"});
  read_back<Challenge>(Challenge{"nonce", "proof"});
  read_back<Proof>(Proof{"proof"});
  read_back<Welcome>(Welcome{});
  read_back<Ping>(Ping{});
  read_back<OpenWebSocket>(OpenWebSocket{stream, some_head(), {}, {"a", "b"}});
  read_back<RequestBody>(RequestBody{stream, "part", BodyPart::more});
  read_back<ReleasePoll>(ReleasePoll{stream});
  read_back<Opened>(Opened{stream});
  read_back<ClientMessage>(ClientMessage{stream, MessageKind::text, "2probe"});
  read_back<Taken>(Taken{stream, std::uint64_t{1} << 40});
  read_back<ClientEnding>(ClientEnding{stream});
  read_back<ClientFault>(ClientFault{stream, 1002, "mask"});
  read_back<ClientGone>(ClientGone{stream, 1001, ""});
  read_back<WantBody>(WantBody{stream});
  read_back<ResponseBody>(ResponseBody{stream, "part", BodyPart::last});
  read_back<AcceptWebSocket>(AcceptWebSocket{stream, "a", {{"x", "y"}}});
  read_back<ChangeReading>(ChangeReading{stream, Reading::paused});
  read_back<CloseWebSocket>(CloseWebSocket{stream, 1005, "bye"});
  read_back<Abort>(Abort{stream});
}

TEST(Frames, the_form_is_fixed) {
  EXPECT_EQ(framed(Taken{StreamNumber{2}, 258}),
            std::string("\0\0\0\x0d\x0b\0\0\0\x02\0\0\0\0\0\0\x01\x02", 17));
}

TEST(Frames, may_arrive_in_any_parts) {
  const std::string bytes = framed(Opened{StreamNumber{1}}) + framed(Abort{StreamNumber{2}});
  FrameReader reader(max_frame);
  std::vector<Message> messages;
  for (const char byte : bytes) {
    reader.feed({&byte, 1});
    while (auto read = *reader.next()) messages.push_back(std::move(*read));
  }
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(std::get<Abort>(messages[1]).stream, StreamNumber{2});
}

FrameError error_of(std::string_view bytes, std::size_t limit = max_frame) {
  FrameReader reader(limit);
  reader.feed(bytes);
  const auto read = reader.next();
  EXPECT_FALSE(read);
  EXPECT_FALSE(reader.next()) << "an error is final";
  return read ? FrameError{} : read.error();
}

TEST(Frames, bad_bytes_are_errors) {
  EXPECT_EQ(error_of("GET / HTTP/1.1\r\n"), FrameError::too_large);
  EXPECT_EQ(error_of(std::string("\0\0\0\0", 4)), FrameError::malformed);
  EXPECT_EQ(error_of(std::string("\0\0\0\x01\x77", 5)), FrameError::malformed) << "unknown type";
  std::string frame = framed(ChangeReading{StreamNumber{1}, Reading::resumed});
  frame.back() = 2;
  EXPECT_EQ(error_of(frame), FrameError::malformed) << "no such value";
  std::string longer = framed(Opened{StreamNumber{1}}) + "x";
  longer[3] = static_cast<char>(longer[3] + 1);
  EXPECT_EQ(error_of(longer), FrameError::malformed) << "bytes are left";
  EXPECT_EQ(error_of(framed(Proof{std::string(2'000, 'x')}), 1'024), FrameError::too_large);
}

}  // namespace
}  // namespace sioserve::forwarding
