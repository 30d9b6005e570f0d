#include "server/static_files/file_server.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <utility>

namespace sioserve::static_files {
namespace {

namespace fs = std::filesystem;
using connection::BodyPart;

class FakeExchange final : public connection::Exchange {
 public:
  FakeExchange(std::string method, const std::string& path) {
    head_.method = std::move(method);
    head_.raw_path = path;
    head_.path = path;
  }

  const RequestHead& head() const override { return head_; }
  SharedRequestHead share_head() const override {
    return std::make_shared<const RequestHead>(head_);
  }
  const SharedEndpoints& endpoints() const override { return endpoints_; }
  void respond(ResponseHead&& response, std::string&& content, BodyPart) override {
    status = response.status;
    body = std::move(content);
  }
  void send_body(std::string content, BodyPart) override { body += content; }
  void send_file(FilePart part, BodyPart) override { file_bytes += part.size; }
  void send_trailers(const Headers&) override {}
  void send_early_hints(const std::vector<std::string>&) override {}
  void fail_with(std::uint16_t with) override { status = with; }
  void abort() override {}
  std::size_t buffered() const override { return 0; }
  void want_body() override {}
  void pause_body() override {}
  void resume_body() override {}
  void respond_within(Milliseconds) override {}

  int status = 0;
  std::string body;
  std::uint64_t file_bytes = 0;

 private:
  RequestHead head_;
  SharedEndpoints endpoints_ = std::make_shared<const Endpoints>();
};

class FileServerTest : public testing::Test {
 protected:
  FileServerTest() {
    std::string name = (fs::temp_directory_path() / "sioserve-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
    for (const std::string folder : {"short", "long"}) {
      fs::create_directories(root_ / folder);
      std::ofstream(root_ / folder / "a.txt") << folder;
      config_.static_files.push_back({folder == "short" ? "/s/" : "/s/long/", root_ / folder});
    }
    std::ofstream(root_ / "short" / "large") << std::string(70'000, 'x');
    server_.emplace(config_, logger_, [this](auto work, auto done) {
      work_ = std::move(work);
      done_ = std::move(done);
    });
  }
  ~FileServerTest() override { fs::remove_all(root_); }

  std::unique_ptr<connection::RequestHandler> handle(FakeExchange& exchange) {
    auto handler = server_->make_handler(exchange);
    handler->on_request({}, BodyPart::last);
    return handler;
  }
  void run_background() {
    work_();
    done_();
  }

  fs::path root_;
  Config config_;
  Logger logger_{[](LogRecord) {}};
  std::function<void()> work_;
  std::function<void()> done_;
  std::optional<FileServer> server_;
};

TEST_F(FileServerTest, OwnsPathsBelowItsPrefixes) {
  EXPECT_TRUE(server_->owns("/s/"));
  EXPECT_TRUE(server_->owns("/s/../x"));
  EXPECT_FALSE(server_->owns("/s"));
  EXPECT_FALSE(server_->owns("/"));
  EXPECT_FALSE(server_->owns("/st/a.txt"));
  EXPECT_FALSE(server_->owns("*"));
}

TEST_F(FileServerTest, UsesTheLongestPrefix) {
  FakeExchange in_short("GET", "/s/a.txt");
  const auto first = handle(in_short);
  run_background();
  EXPECT_EQ(in_short.body, "short");
  FakeExchange in_long("GET", "/s/long/a.txt");
  const auto second = handle(in_long);
  run_background();
  EXPECT_EQ(in_long.body, "long");
}

TEST_F(FileServerTest, SendsALargeFileAsAFile) {
  FakeExchange exchange("GET", "/s/large");
  const auto handler = handle(exchange);
  run_background();
  EXPECT_EQ(exchange.status, 200);
  EXPECT_EQ(exchange.body, "");
  EXPECT_EQ(exchange.file_bytes, 70'000U);
}

TEST_F(FileServerTest, SendsNothingToADisconnectedClient) {
  FakeExchange exchange("GET", "/s/a.txt");
  auto handler = handle(exchange);
  work_();
  handler->on_closed();
  handler.reset();
  done_();
  EXPECT_EQ(exchange.status, 0);
}

TEST_F(FileServerTest, RefusesInvalidRequestsWithoutDiskAccess) {
  FakeExchange post("POST", "/s/a.txt");
  const auto first = handle(post);
  EXPECT_EQ(post.status, 405);
  FakeExchange up("GET", "/s/../a.txt");
  const auto second = handle(up);
  EXPECT_EQ(up.status, 404);
  EXPECT_FALSE(work_);
}

}  // namespace
}  // namespace sioserve::static_files
