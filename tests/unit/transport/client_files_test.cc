#include "server/transport/client_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

namespace sioserve::transport {
namespace {

using connection::BodyPart;

// Records one response.
class FakeExchange final : public connection::Exchange {
 public:
  FakeExchange(std::string method, std::string path, HeaderBlock headers = {}) {
    head_.method = std::move(method);
    head_.path = head_.raw_path = std::move(path);
    head_.http_version = "1.1";
    head_.headers = std::move(headers);
  }

  const RequestHead& head() const override { return head_; }
  SharedRequestHead share_head() const override {
    return std::make_shared<const RequestHead>(head_);
  }
  const SharedEndpoints& endpoints() const override { return endpoints_; }
  void respond(ResponseHead&& head, std::string&& body, BodyPart part) override {
    EXPECT_EQ(part, BodyPart::last);
    EXPECT_EQ(responses, 0);
    ++responses;
    response = std::move(head);
    response_body = std::move(body);
  }
  void send_body(std::string, BodyPart) override { ADD_FAILURE() << "the response is complete"; }
  void send_file(FilePart, BodyPart) override {}
  void send_trailers(const Headers&) override {}
  void send_early_hints(const std::vector<std::string>&) override {}
  void fail_with(std::uint16_t) override { ADD_FAILURE() << "fail_with()"; }
  void abort() override { ADD_FAILURE() << "abort()"; }
  std::size_t buffered() const override { return 0; }
  void want_body() override {}
  void pause_body() override {}
  void resume_body() override {}
  void respond_within(Milliseconds) override {}

  std::string header(std::string_view name) const {
    return std::string(find_header(response.headers, name).value_or("(none)"));
  }

  int responses = 0;
  ResponseHead response;
  std::string response_body;

 private:
  RequestHead head_;
  SharedEndpoints endpoints_;
};

class ClientFilesTest : public testing::Test {
 protected:
  ClientFilesTest() {
    directory_ = std::filesystem::path(testing::TempDir()) /
                 ("client_files_" +
                  std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    std::filesystem::create_directories(directory_);
    write("socket.io.js", "var io;");
    write("socket.io.min.js", "");
    write("socket.io.js.map", "{}");
  }
  ~ClientFilesTest() override { std::filesystem::remove_all(directory_); }

  void write(const std::string& name, const std::string& content) {
    std::ofstream(directory_ / name, std::ios::binary) << content;
  }

  ClientFiles files() const { return {directory_.string(), "/socket.io", cors_}; }

  static FakeExchange ask(ClientFiles& files, FakeExchange exchange) {
    const auto handler = files.make_handler(exchange);
    handler->on_request("", BodyPart::last);
    handler->on_closed();
    EXPECT_EQ(exchange.responses, 1);
    return exchange;
  }

  std::filesystem::path directory_;
  CorsConfig cors_config_;
  Cors cors_{cors_config_};
};

TEST_F(ClientFilesTest, OwnsTheBundlesAndTheirMapsOnly) {
  const ClientFiles client = files();
  for (const char* name :
       {"socket.io.js", "socket.io.min.js", "socket.io.esm.min.js", "socket.io.msgpack.min.js"}) {
    EXPECT_TRUE(client.owns(std::string("/socket.io/") + name)) << name;
    EXPECT_TRUE(client.owns(std::string("/socket.io/") + name + ".map")) << name;
  }
  for (const char* path :
       {"", "/", "/socket.io", "/socket.io/", "/socket.io.js", "/socket.io//socket.io.js",
        "/socket.io/other.js", "/socket.io/../socket.io.js", "/x/socket.io.js"}) {
    EXPECT_FALSE(client.owns(path)) << path;
  }
  EXPECT_TRUE(ClientFiles(directory_.string(), "/a/b/", cors_).owns("/a/b/socket.io.js"));
}

TEST_F(ClientFilesTest, ServesAFile) {
  ClientFiles client = files();
  const FakeExchange script = ask(client, {"GET", "/socket.io/socket.io.js"});
  EXPECT_EQ(script.response.status, 200);
  EXPECT_EQ(script.response_body, "var io;");
  EXPECT_EQ(script.header("content-type"), "application/javascript; charset=utf-8");
  EXPECT_EQ(script.header("content-length"), "7");
  EXPECT_EQ(script.header("cache-control"), "public, max-age=0");

  const FakeExchange map = ask(client, {"GET", "/socket.io/socket.io.js.map"});
  EXPECT_EQ(map.response.status, 200);
  EXPECT_EQ(map.header("content-type"), "application/json");

  EXPECT_EQ(ask(client, {"GET", "/socket.io/socket.io.min.js"}).response.status, 200);
}

TEST_F(ClientFilesTest, AnswersHeadWithoutABody) {
  ClientFiles client = files();
  const FakeExchange head = ask(client, {"HEAD", "/socket.io/socket.io.js"});
  EXPECT_EQ(head.response.status, 200);
  EXPECT_EQ(head.response_body, "");
  EXPECT_EQ(head.header("content-length"), "7");
}

TEST_F(ClientFilesTest, KeepsFilesInMemory) {
  ClientFiles client = files();
  write("socket.io.js", "changed");
  EXPECT_EQ(ask(client, {"GET", "/socket.io/socket.io.js"}).response_body, "var io;");
}

TEST_F(ClientFilesTest, AnswersNotModifiedIfTheTagMatches) {
  ClientFiles client = files();
  const std::string etag = ask(client, {"GET", "/socket.io/socket.io.js"}).header("etag");
  ASSERT_EQ(etag.size(), 34U);
  for (const std::string& condition : {etag, "W/" + etag, "\"x\", " + etag,
                                       "W/\"a,b\" ,\t" + etag + ", \"z\"", std::string("*")}) {
    const FakeExchange answer =
        ask(client, {"GET", "/socket.io/socket.io.js", {{"if-none-match", condition}}});
    EXPECT_EQ(answer.response.status, 304) << condition;
    EXPECT_EQ(answer.response_body, "");
    EXPECT_EQ(answer.header("etag"), etag);
    EXPECT_EQ(answer.header("cache-control"), "public, max-age=0");
  }
  for (const std::string& condition :
       {std::string(), std::string("\"x\""), std::string("W/"), std::string("\""),
        etag.substr(1, 32), "x" + etag, std::string(", ,")}) {
    const FakeExchange answer =
        ask(client, {"GET", "/socket.io/socket.io.js", {{"if-none-match", condition}}});
    EXPECT_EQ(answer.response.status, 200) << condition;
  }
  const FakeExchange second_line = ask(
      client,
      {"GET", "/socket.io/socket.io.js", {{"if-none-match", "\"x\""}, {"if-none-match", etag}}});
  EXPECT_EQ(second_line.response.status, 304);
  EXPECT_NE(ask(client, {"GET", "/socket.io/socket.io.min.js"}).header("etag"), etag);
}

TEST_F(ClientFilesTest, RefusesOtherMethods) {
  ClientFiles client = files();
  const FakeExchange answer = ask(client, {"POST", "/socket.io/socket.io.js"});
  EXPECT_EQ(answer.response.status, 405);
  EXPECT_EQ(answer.header("allow"), "GET, HEAD");
}

TEST_F(ClientFilesTest, ExplainsHowToInstallAMissingFile) {
  std::filesystem::create_directory(directory_ / "socket.io.msgpack.min.js");
  ClientFiles installed = files();
  ClientFiles unconfigured("", "/socket.io", cors_);
  for (const FakeExchange& answer : {ask(installed, {"GET", "/socket.io/socket.io.esm.min.js"}),
                                     ask(installed, {"GET", "/socket.io/socket.io.msgpack.min.js"}),
                                     ask(unconfigured, {"GET", "/socket.io/socket.io.js"})}) {
    EXPECT_EQ(answer.response.status, 404);
    EXPECT_NE(answer.response_body.find("socket.io-client"), std::string::npos);
  }
}

TEST_F(ClientFilesTest, PagesOfOtherOriginsMayReadThemIfCorsIsOn) {
  cors_config_.origins = {"https://a.example"};
  const Cors cors(cors_config_);
  ClientFiles client(directory_.string(), "/socket.io", cors);
  const HeaderBlock origin = {{"origin", "https://a.example"}};
  const auto allowed = [](const FakeExchange& exchange) {
    return find_header(exchange.response.headers, "access-control-allow-origin");
  };
  EXPECT_EQ(allowed(ask(client, FakeExchange("GET", "/socket.io/socket.io.js", origin))),
            "https://a.example");
  EXPECT_EQ(allowed(ask(client, FakeExchange("GET", "/socket.io/socket.io.esm.min.js", origin))),
            "https://a.example");
  const FakeExchange preflight =
      ask(client, FakeExchange("OPTIONS", "/socket.io/socket.io.js", origin));
  EXPECT_EQ(preflight.response.status, 204);
  EXPECT_EQ(allowed(preflight), "https://a.example");
}

}  // namespace
}  // namespace sioserve::transport
