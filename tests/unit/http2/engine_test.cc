#include "server/http2/engine.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "tests/unit/http2/frames.h"

namespace sioserve::http2 {
namespace {

using Texts = std::vector<std::string>;

std::string text_of(BodyPart part) { return part == BodyPart::last ? " last" : " more"; }
std::string number(StreamId id) { return std::to_string(static_cast<std::int32_t>(id)); }

struct Describe {
  std::string operator()(const RequestReceived& event) const {
    const RequestHead& head = *event.request.head;
    std::string text = "request " + number(event.stream) + " " + head.method + " " + head.raw_path;
    if (!head.query_string.empty()) text += "?" + head.query_string;
    for (const HeaderView& header : head.headers) {
      text += " " + std::string(header.name) + "=" + std::string(header.value);
    }
    if (event.request.error) {
      text += " error " + std::to_string(http::status_of(*event.request.error));
    }
    return text + text_of(event.part);
  }
  std::string operator()(const RequestMalformed& event) const {
    return "malformed " + number(event.stream);
  }
  std::string operator()(const BodyReceived& event) const {
    return "body " + number(event.stream) + " " + std::string(event.body()) + text_of(event.part);
  }
  std::string operator()(const BodyTooLarge& event) const {
    return "body too large " + number(event.stream);
  }
  std::string operator()(const Drained& event) const { return "drained " + number(event.stream); }
  std::string operator()(const FileWanted& event) const {
    return "file wanted " + number(event.stream) + " " + std::to_string(event.part.offset) + "+" +
           std::to_string(event.part.size);
  }
  std::string operator()(const StreamClosed& event) const {
    return "closed " + number(event.stream) + " " + std::string(name_of(event.code)) +
           (event.peer_fault ? " fault" : "");
  }
  std::string operator()(const ClientLeaves&) const { return "client leaves"; }
  std::string operator()(const ShutdownAnnounced&) const { return "shutdown announced"; }
};

class StringSink final : public OutputSink {
 public:
  void write(std::string_view bytes) override { output += bytes; }
  void write_owned(std::string bytes) override { output += bytes; }
  void write_file(FilePart) override { FAIL() << "the engine never passes on files"; }

  std::string output;
};

class Http2Engine : public testing::Test {
 protected:
  Http2Engine() {
    engine_.emplace(limits_);
    engine_->feed(hello(), now_);
    frames();
  }

  Texts feed(std::string_view input) {
    engine_->feed(input, now_);
    return events();
  }
  Texts events() {
    Texts texts;
    for (const Event& event : engine_->take_events())
      texts.push_back(std::visit(Describe(), event));
    return texts;
  }
  Texts frames(std::size_t room = 1'000'000) {
    StringSink sink;
    engine_->write(sink, room, now_);
    return reader_.read(sink.output);
  }

  EngineLimits limits_;
  std::optional<Engine> engine_;
  FrameReader reader_;
  TimePoint now_{std::chrono::hours(1)};
};

constexpr StreamId one{1};
constexpr StreamId three{3};

TEST_F(Http2Engine, ReceivesARequest) {
  EXPECT_EQ(feed(get(1, "/a%20b?c=d", {{"x-a", "1"}})),
            (Texts{"request 1 GET /a%20b?c=d host=a.example x-a=1 last"}));
}

TEST_F(Http2Engine, ReceivesTheSameByteByByte) {
  const std::string input = post(1) + data(1, "ab") + data(1, "c", flag::end_stream);
  Texts all;
  for (const char byte : input) {
    for (std::string& text : feed({&byte, 1})) all.push_back(std::move(text));
  }
  EXPECT_EQ(all, (Texts{"request 1 POST / host=a.example more", "body 1 a more", "body 1 b more",
                        "body 1 c last"}));
}

TEST_F(Http2Engine, JoinsTheDataOfOneInput) {
  EXPECT_EQ(feed(post(1) + data(1, "ab") + data(1, "c") + data(1, "", flag::end_stream)),
            (Texts{"request 1 POST / host=a.example more", "body 1 abc last"}));
}

TEST_F(Http2Engine, DropsTrailersOfRequests) {
  EXPECT_EQ(feed(post(1) + data(1, "a") + headers(1, {{"x-checksum", "1"}})),
            (Texts{"request 1 POST / host=a.example more", "body 1 a last"}));
}

TEST_F(Http2Engine, PutsTheAuthorityFirstAsHost) {
  EXPECT_EQ(feed(headers(1, {{":method", "GET"},
                             {":scheme", "http"},
                             {":path", "/"},
                             {"x-a", "1"},
                             {"host", "b.example"}})),
            (Texts{"request 1 GET / x-a=1 host=b.example last"}));
  EXPECT_EQ(feed(get(3, "/", {{"x-a", "1"}, {"host", "a.example"}})),
            (Texts{"request 3 GET / host=a.example x-a=1 last"}));
  EXPECT_EQ(feed(get(5, "/", {{"host", "b.example"}})),
            (Texts{"request 5 GET / host=a.example error 400 last"}))
      << "two hosts";
}

TEST_F(Http2Engine, ReportsRequestsToBeRefused) {
  limits_.request.max_request_line = 1'000;
  limits_.request.max_body = 10;
  engine_.emplace(limits_);
  feed(hello());
  const auto error_of = [&](std::uint32_t stream, const FieldTexts& fields) {
    const Texts texts = feed(headers(stream, fields, flag::end_headers));
    const std::string& text = texts.at(0);
    const std::size_t error = text.find("error ");
    return error == std::string::npos ? text : text.substr(error, 9);
  };
  EXPECT_EQ(error_of(1, fields_of("GET", "/" + std::string(1'000, 'a'))), "error 414");
  EXPECT_EQ(error_of(3, fields_of("GET", "/", {{"expect", "200-ok"}})), "error 417");
  EXPECT_EQ(error_of(5, fields_of("POST", "/", {{"content-length", "11"}})), "error 413");
  EXPECT_EQ(error_of(7, {{":method", "CONNECT"}, {":authority", "a.example:1"}}), "error 501");
  FieldTexts many = fields_of("GET", "/");
  for (int i = 0; i < 300; ++i) many.emplace_back("a", "b");
  EXPECT_EQ(error_of(9, many), "error 431");
}

TEST_F(Http2Engine, ResetsMalformedRequests) {
  std::uint32_t stream = 1;
  for (const FieldTexts& fields :
       {fields_of("GET", "/", {{"connection", "close"}}),
        fields_of("GET", "/", {{"transfer-encoding", "chunked"}}),
        fields_of("GET", "/", {{"X-Upper", "1"}}), fields_of("GET", "/", {{"x", "a\nb"}}),
        fields_of("GET", "/", {{"te", "gzip"}}), fields_of("GET", "/", {{":path", "/"}}),
        FieldTexts{{":method", "GET"}, {":scheme", "http"}, {":path", "/"}},
        FieldTexts{{":method", "GET"}, {":path", "/"}, {":authority", "a"}}, fields_of("GET", ""),
        fields_of("GET", "/", {{":unknown", "1"}})}) {
    const std::string id = std::to_string(stream);
    EXPECT_EQ(feed(headers(stream, fields)), Texts{"malformed " + id});
    EXPECT_EQ(frames(), Texts{"RST_STREAM " + id + " PROTOCOL_ERROR"});
    EXPECT_EQ(events(), Texts{"closed " + id + " PROTOCOL_ERROR fault"});
    stream += 2;
  }
  EXPECT_FALSE(engine_->fault()) << "the connection can still be used";
}

TEST_F(Http2Engine, ResetsARequestWhoseBodyDiffersFromItsLength) {
  feed(post(1, {{"content-length", "3"}}));
  feed(data(1, "abcd", flag::end_stream));
  EXPECT_EQ(frames(), Texts{"RST_STREAM 1 PROTOCOL_ERROR"});
  EXPECT_EQ(events(), Texts{"closed 1 PROTOCOL_ERROR fault"});
  feed(post(3, {{"content-length", "3"}}));
  feed(data(3, "a", flag::end_stream));
  EXPECT_EQ(frames(), Texts{"RST_STREAM 3 PROTOCOL_ERROR"});
}

TEST_F(Http2Engine, SendsAResponse) {
  feed(get(1));
  engine_->send_head(one, 200, {{"x-a", "1"}}, HeadEnd::body);
  engine_->send(one, std::string("hello"));
  engine_->end(one);
  EXPECT_EQ(frames(), (Texts{"HEADERS 1 :status=200 x-a=1", "DATA 1 hello END"}));
  EXPECT_EQ(events(), (Texts{"drained 1", "closed 1 NO_ERROR"}));
  engine_->send(one, std::string("late"));
  engine_->reset(one, ErrorCode::cancel);
  EXPECT_EQ(frames(), Texts{}) << "the stream does not exist any more";
}

TEST_F(Http2Engine, SendsAResponseInParts) {
  feed(get(1));
  engine_->send_interim(one, 103, {{"link", "</a>"}});
  engine_->send_head(one, 200, {}, HeadEnd::body);
  EXPECT_EQ(frames(), (Texts{"HEADERS 1 :status=103 link=</a>", "HEADERS 1 :status=200"}));
  engine_->send(one, std::string_view("a"));
  EXPECT_EQ(frames(), Texts{"DATA 1 a"});
  engine_->send(one, share("b"));
  engine_->end(one, {{"x-checksum", "2"}});
  EXPECT_EQ(frames(), (Texts{"DATA 1 b", "HEADERS 1 x-checksum=2 END"}));
}

TEST_F(Http2Engine, SendsAHeadWithoutBody) {
  feed(get(1));
  engine_->send_head(one, 204, {}, HeadEnd::stream);
  EXPECT_EQ(frames(), Texts{"HEADERS 1 :status=204 END"});
}

TEST_F(Http2Engine, TellsAClientToStopSendingAfterTheResponse) {
  feed(post(1) + data(1, "a"));
  engine_->send_head(one, 413, {}, HeadEnd::stream);
  EXPECT_EQ(frames(), (Texts{"HEADERS 1 :status=413 END", "RST_STREAM 1 NO_ERROR"}));
  EXPECT_EQ(events(), Texts{"closed 1 NO_ERROR"});
}

TEST_F(Http2Engine, ResetsAStreamInTheMiddle) {
  feed(get(1));
  engine_->send_head(one, 200, {}, HeadEnd::body);
  engine_->send(one, std::string("a"));
  frames();
  events();
  engine_->send(one, std::string("never sent"));
  engine_->reset(one, ErrorCode::internal_error);
  EXPECT_EQ(frames(), Texts{"RST_STREAM 1 INTERNAL_ERROR"});
  EXPECT_EQ(events(), Texts{"closed 1 INTERNAL_ERROR"});
}

TEST_F(Http2Engine, ReportsAResetOfTheClient) {
  feed(get(1));
  EXPECT_EQ(feed(reset(1)), Texts{"closed 1 CANCEL"});
}

TEST_F(Http2Engine, SendsNoMoreThanTheWindowsOfTheClientAllow) {
  feed(settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 3}}) + get(1));
  engine_->send_head(one, 200, {}, HeadEnd::body);
  EXPECT_EQ(engine_->held_back(one), HeldBack::no);
  engine_->send(one, std::string("abcde"));
  engine_->end(one);
  EXPECT_EQ(frames(), (Texts{"HEADERS 1 :status=200", "DATA 1 abc"}));
  EXPECT_EQ(engine_->queued(one), 2U);
  EXPECT_EQ(engine_->held_back(one), HeldBack::by_stream);
  EXPECT_FALSE(engine_->wants_to_write());
  feed(window_update(1, 10));
  EXPECT_EQ(frames(), Texts{"DATA 1 de END"});
}

TEST_F(Http2Engine, WritesNoMoreThanThereIsRoomFor) {
  feed(get(1) + get(3));
  for (const StreamId id : {one, three}) {
    engine_->send_head(id, 200, {}, HeadEnd::body);
    engine_->send(id, std::string(20'000, 'a'));
    engine_->end(id);
  }
  frames(1'000);
  EXPECT_EQ(engine_->queued(one), 20'000U - 16'384U);
  EXPECT_EQ(engine_->queued(three), 20'000U);
  frames(1);
  EXPECT_EQ(engine_->queued(three), 20'000U - 16'384U) << "streams are written in turn";
}

TEST_F(Http2Engine, OpensTheWindowWhenTheOwnerHasTakenTheBody) {
  feed(post(1));
  feed(data(1, std::string(16'384, 'a')) + data(1, std::string(16'384, 'a')));
  EXPECT_EQ(frames(), Texts{}) << "the owner has taken nothing";
  engine_->consume(one, 32'768);
  EXPECT_EQ(frames(), Texts{"WINDOW_UPDATE 1 32768"});
  engine_->set_window(one, 100'000);
  EXPECT_EQ(frames(), Texts{"WINDOW_UPDATE 1 34465"});
}

TEST_F(Http2Engine, ResetsAStreamOnWhichTheClientExceedsItsWindow) {
  feed(post(1));
  std::string flood;
  for (int i = 0; i < 5; ++i) flood += data(1, std::string(16'384, 'a'));
  feed(flood);
  const Texts sent = frames();
  EXPECT_EQ(sent.back(), "RST_STREAM 1 FLOW_CONTROL_ERROR");
}

TEST_F(Http2Engine, CutsABodyThatIsTooLarge) {
  limits_.request.max_body = 10;
  engine_.emplace(limits_);
  feed(hello() + post(1) + data(1, "12345678"));
  EXPECT_EQ(feed(data(1, "901") + data(1, "2", flag::end_stream)), Texts{"body too large 1"});
}

TEST_F(Http2Engine, AsksForTheBytesOfFiles) {
  feed(get(1));
  engine_->send_head(one, 200, {}, HeadEnd::body);
  engine_->send(one, std::string("a"));
  engine_->send(one, FilePart{nullptr, 5, 4});
  engine_->send(one, std::string("z"));
  engine_->end(one);
  EXPECT_EQ(frames(), (Texts{"HEADERS 1 :status=200", "DATA 1 a"}));
  EXPECT_EQ(events(), (Texts{"drained 1", "file wanted 1 5+4"}));
  EXPECT_EQ(frames(), Texts{});
  engine_->give_file_bytes(one, "bcd");
  EXPECT_EQ(frames(), Texts{"DATA 1 bcd"});
  EXPECT_EQ(events(), (Texts{"drained 1", "file wanted 1 8+1"}));
  engine_->give_file_bytes(one, "e");
  EXPECT_EQ(frames(), (Texts{"DATA 1 e", "DATA 1 z END"}));
}

TEST_F(Http2Engine, RefusesStreamsAboveTheLimit) {
  limits_.max_streams = 2;
  engine_.emplace(limits_);
  feed(hello() + get(1) + get(3));
  EXPECT_EQ(feed(get(5)), Texts{});
  EXPECT_EQ(frames(), Texts{"RST_STREAM 5 REFUSED_STREAM"});
}

TEST_F(Http2Engine, EndsTheConnectionOfAClientThatKnowsTheLimitAndExceedsIt) {
  limits_.max_streams = 2;
  engine_.emplace(limits_);
  feed(hello());
  frames();
  feed(frame(FrameType::settings, flag::ack, 0, ""));
  feed(get(1) + get(3) + get(5));
  EXPECT_EQ(frames().back(), "GOAWAY 3 PROTOCOL_ERROR");
}

TEST_F(Http2Engine, CountsRefusedStreamsOfAClientThatReadsNothing) {
  limits_.max_streams = 1;
  engine_.emplace(limits_);
  feed(hello() + get(1));
  std::uint32_t stream = 3;
  for (; stream < 10'000 && !engine_->fault(); stream += 2) feed(get(stream));
  ASSERT_TRUE(engine_->fault());
  EXPECT_EQ(engine_->fault()->flood, Flood::frames);
  EXPECT_LT(stream, 2'100U);
}

TEST_F(Http2Engine, CountsFramesThatOpenTheWindowByAByte) {
  feed(settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1}}) + get(1));
  engine_->send_head(one, 200, {}, HeadEnd::body);
  engine_->send(one, std::string(10'000, 'a'));
  int steps = 0;
  for (; steps < 5'000 && !engine_->fault(); ++steps) {
    feed(window_update(1, 1));
    frames();
  }
  ASSERT_TRUE(engine_->fault());
  EXPECT_EQ(engine_->fault()->flood, Flood::frames);
}

TEST_F(Http2Engine, RefusesRequestsBehindTheLastAnnouncementBeforeItIsWritten) {
  feed(get(1));
  engine_->shut_down();
  EXPECT_EQ(feed(get(3)), Texts{}) << "the client repeats it elsewhere, so it must not be served";
  EXPECT_EQ(frames().at(0), "GOAWAY 1 NO_ERROR");
}

TEST_F(Http2Engine, EndsTheConnectionWithTwoAnnouncements) {
  feed(get(1));
  engine_->announce_shutdown();
  EXPECT_EQ(frames(), (Texts{"GOAWAY all NO_ERROR", "PING"}));
  feed(get(3));
  EXPECT_EQ(feed(frame(FrameType::ping, flag::ack, 0, std::string(8, '\0'))),
            Texts{"shutdown announced"});
  engine_->shut_down();
  EXPECT_EQ(frames(), Texts{"GOAWAY 3 NO_ERROR"});
  EXPECT_EQ(feed(get(5)), Texts{}) << "the client may repeat it on another connection";
  EXPECT_FALSE(engine_->finished());
  EXPECT_FALSE(engine_->fault());
}

TEST_F(Http2Engine, EndsTheConnectionForAnError) {
  feed(data(7, "a"));
  EXPECT_EQ(frames(), Texts{"GOAWAY 0 PROTOCOL_ERROR"});
  ASSERT_TRUE(engine_->fault());
  EXPECT_EQ(engine_->fault()->code, ErrorCode::protocol_error);
  EXPECT_TRUE(engine_->finished());
}

TEST_F(Http2Engine, EndsTheConnectionOfAClientThatDoesNotSpeakHttp2) {
  engine_.emplace(limits_);
  feed("GET / HTTP/1.1\r\nhost: a.example\r\n\r\n");
  ASSERT_TRUE(engine_->fault());
  EXPECT_EQ(engine_->fault()->code, ErrorCode::protocol_error);
}

TEST_F(Http2Engine, KnowsWhetherAHeadIsBeingReceived) {
  const std::string head = get(1);
  feed(head.substr(0, 12));
  EXPECT_TRUE(engine_->within_head());
  feed(head.substr(12));
  EXPECT_FALSE(engine_->within_head());
  feed(headers(3, fields_of("GET", "/"), flag::end_stream));
  EXPECT_TRUE(engine_->within_head()) << "CONTINUATION must follow";
  EXPECT_EQ(feed(frame(FrameType::continuation, flag::end_headers, 3, "")).size(), 1U);
  EXPECT_FALSE(engine_->within_head());
}

}  // namespace
}  // namespace sioserve::http2
