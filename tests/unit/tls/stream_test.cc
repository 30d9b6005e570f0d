// The stream of a client, against a server's session in memory. What connections of clients do with
// the stream is in tests/unit/connection/tls_connection_test.cc.
#include "server/tls/stream.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/base/file_descriptor.h"
#include "server/tls/client_context.h"
#include "server/tls/session.h"
#include "tests/unit/net/fake_stream.h"
#include "tests/unit/tls/made_certificates.h"

namespace sioserve::tls {
namespace {

using Calls = std::vector<std::string>;

class RecordingListener final : public net::StreamListener {
 public:
  void on_read(std::string_view bytes) override { calls.push_back("read " + std::string(bytes)); }
  void on_end() override { calls.emplace_back("end"); }
  void on_drain() override {}
  void on_file_failed(const OpenFile& file, std::string_view) override {
    calls.push_back("file failed: " + file.path);
  }
  void on_broken() override { calls.emplace_back("broken"); }

  Calls calls;
};

class TlsStreamTest : public testing::Test {
 protected:
  void connect(const std::string& host = "redis.example") {
    const auto made = authority_.issue({"redis.example"});
    auto certificate = parse_certificate(made.certificate, made.key, "");
    ASSERT_TRUE(certificate);
    Certificates certificates;
    certificates.add(std::make_shared<const Certificate>(std::move(*certificate)));
    ContextSettings settings;
    settings.protocols = {};
    const auto server_context =
        ServerContext::make(settings, std::move(certificates), std::make_shared<TicketKeys>());
    ASSERT_TRUE(server_context);
    ClientContextSettings trust;
    trust.authorities_pem = authority_.pem();
    const auto client_context = ClientContext::make(trust);
    ASSERT_TRUE(client_context);
    server_ = std::make_unique<Session>(*server_context);
    client_ =
        std::make_unique<Stream>(environment_, std::make_unique<net::FakeStream>(wire_),
                                 std::make_unique<Engine>((*client_context)->new_session(host)));
    client_->start(listener_);
  }

  // Until both have nothing more to say.
  void exchange() {
    deferred_queue_.run();
    while (!wire_.output.empty() || !jobs_.empty()) {
      for (const auto& job : std::exchange(jobs_, {})) job();
      server_->receive(std::exchange(wire_.output, {}), now_, at_server_);
      wire_.unsent = 0;
      if (!wire_.closed) wire_.listener->on_drain();
      if (!wire_.closed && server_->has_output()) wire_.listener->on_read(server_->take_output());
      deferred_queue_.run();
    }
    if (server_->has_output()) wire_.listener->on_read(server_->take_output());
  }

  FilePart file_of(const std::string& content, std::size_t size) const {
    std::string path = testing::TempDir() + "tls_stream_XXXXXX";
    FileDescriptor descriptor(::mkstemp(path.data()));
    ::unlink(path.c_str());
    EXPECT_EQ(::write(descriptor.get(), content.data(), content.size()),
              static_cast<ssize_t>(content.size()));
    auto open = std::make_shared<OpenFile>();
    open->descriptor = std::move(descriptor);
    open->path = "a file";
    return {std::move(open), 0, size};
  }

  const Authority authority_;
  const TimePoint now_{std::chrono::hours(1)};
  net::DeferredQueue deferred_queue_;
  std::vector<std::function<void()>> jobs_;
  const Background run_in_background_ = [this](std::function<void()> work,
                                               std::function<void()> done) {
    jobs_.push_back([work = std::move(work), done = std::move(done)] {
      work();
      done();
    });
  };
  StreamEnvironment environment_{deferred_queue_, run_in_background_};
  net::Wire wire_;
  RecordingListener listener_;
  std::unique_ptr<Session> server_;
  std::unique_ptr<Stream> client_;
  std::string at_server_;
};

TEST_F(TlsStreamTest, KeepsItsOutputUntilTheHandshakeIsComplete) {
  connect();
  client_->write("PING");
  client_->write(" ");
  client_->write_owned("again");
  EXPECT_TRUE(client_->in_handshake());
  EXPECT_GE(client_->buffered(), 10U);
  exchange();
  EXPECT_FALSE(client_->in_handshake());
  EXPECT_EQ(at_server_, "PING again");
  EXPECT_EQ(client_->buffered(), 0U);
  server_->send("PONG");
  exchange();
  EXPECT_EQ(listener_.calls, Calls{"read PONG"});
}

TEST_F(TlsStreamTest, EndsBehindWhatItHasKept) {
  connect();
  client_->write("QUIT");
  client_->finish();
  client_->write("too late");
  exchange();
  EXPECT_EQ(at_server_, "QUIT");
  EXPECT_EQ(server_->state(), Engine::State::ended);
  EXPECT_TRUE(wire_.finished);
}

TEST_F(TlsStreamTest, SaysWhyTheHandshakeHasFailed) {
  connect("other.example");
  EXPECT_EQ(client_->failure(), "");
  exchange();
  EXPECT_EQ(client_->failure(), "certificate verify failed: hostname mismatch");
  EXPECT_EQ(listener_.calls, Calls{"broken"});
  EXPECT_TRUE(wire_.finished) << "behind the alert";
  EXPECT_FALSE(wire_.closed);
  EXPECT_EQ(server_->error(), Error::rejected_by_client);
  client_->close();
  EXPECT_TRUE(wire_.closed);
}

TEST_F(TlsStreamTest, TellsThatThePeerLeavesDuringTheHandshake) {
  connect();
  wire_.listener->on_end();
  wire_.listener->on_end();
  EXPECT_EQ(listener_.calls, Calls{"end"});
  EXPECT_TRUE(client_->in_handshake());
  EXPECT_TRUE(client_->peer_is_disconnected());
  EXPECT_EQ(client_->failure(), "");
}

TEST_F(TlsStreamTest, TellsThatTheSocketIsBroken) {
  connect();
  wire_.listener->on_broken();
  deferred_queue_.run();
  EXPECT_EQ(listener_.calls, Calls{"broken"});
  EXPECT_EQ(client_->failure(), "");
}

TEST_F(TlsStreamTest, SendsFiles) {
  connect();
  const std::string content(100'000, 'f');
  client_->write("<");
  client_->write_file(file_of(content, content.size()));
  client_->write(">");
  exchange();
  EXPECT_EQ(at_server_, "<" + content + ">");
  client_->write_file(file_of("short", 100));
  exchange();
  EXPECT_EQ(listener_.calls, (Calls{"file failed: a file", "broken"}));
}

}  // namespace
}  // namespace sioserve::tls
