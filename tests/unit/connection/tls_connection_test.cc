// A connection with TLS, from the first byte on, against a client in memory.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/connection/fixture.h"
#include "tests/unit/tls/test_client.h"

namespace sioserve::connection {
namespace {

constexpr const char* get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

class TlsConnectionTest : public ConnectionTest {
 protected:
  TlsConnectionTest() {
    const auto made = authority_.issue({"example.com"});
    auto certificate = tls::parse_certificate(made.certificate, made.key, "");
    EXPECT_TRUE(certificate);
    tls::Certificates certificates;
    certificates.add(std::make_shared<const tls::Certificate>(std::move(*certificate)));
    context_.tls =
        *tls::ServerContext::make({}, std::move(certificates), std::make_shared<tls::TicketKeys>());
    context_.run_in_background = [this](std::function<void()> work, std::function<void()> done) {
      jobs_.push_back([work = std::move(work), done = std::move(done)] {
        work();
        done();
      });
    };
    service_ = Service::https;
    reconnect();
    client_ = std::make_unique<tls::TestClient>(authority_, tls::ClientSettings{});
  }

  void shake_hands() {
    talk(client_->receive({}));
    ASSERT_TRUE(client_->is_connected());
  }
  // Gives the bytes to the server, and its answers to the client.
  void talk(std::string bytes) {
    do {
      if (!bytes.empty()) receive(bytes);
      turns();
      bytes = client_->receive(std::exchange(wire_.output, std::string()));
    } while (!bytes.empty() && !wire_.closed);
  }
  void request() { talk(client_->send(get)); }
  void turns() {
    for (int i = 0; i < 20; ++i) turn();
  }
  // What the client has got.
  std::string answer() {
    talk({});
    return client_->take_plaintext();
  }
  void run_jobs() {
    for (auto& job : std::exchange(jobs_, {})) job();
  }

  const tls::Authority authority_;
  std::unique_ptr<tls::TestClient> client_;
  std::vector<std::function<void()>> jobs_;
};

TEST_F(TlsConnectionTest, ServesRequestsAfterTheHandshake) {
  shake_hands();
  EXPECT_EQ(context_.handshakes.under_way(), 0U);
  request();
  ASSERT_EQ(requests(), 1U);
  EXPECT_TRUE(exchange(0).endpoints()->tls);
  ASSERT_TRUE(exchange(0).endpoints()->tls_details);
  EXPECT_EQ((*exchange(0).endpoints()->tls_details)->version, TLS1_3_VERSION);
  exchange(0).respond({200, {}}, "hello", BodyPart::last);
  EXPECT_NE(answer().find("hello"), std::string::npos);
}

TEST_F(TlsConnectionTest, TakesARequestThatComesWithTheEndOfTheHandshake) {
  receive(client_->receive({}));
  turns();
  const std::string finished = client_->receive(std::exchange(wire_.output, std::string()));
  receive(finished + client_->send(get));
  EXPECT_EQ(requests(), 1U);
}

TEST_F(TlsConnectionTest, MakesNoSessionBeforeTheHelloIsComplete) {
  const std::string hello = client_->receive({});
  receive(hello.substr(0, hello.size() - 1));
  turns();
  EXPECT_EQ(context_.handshakes.under_way(), 0U);
  EXPECT_EQ(wire_.output, "");
  receive(hello.substr(hello.size() - 1));
  EXPECT_EQ(context_.handshakes.under_way(), 1U);
  peer_vanishes();
  reconnect();
  EXPECT_EQ(context_.handshakes.under_way(), 0U);
}

TEST_F(TlsConnectionTest, WaitsForAPlaceAmongTheHandshakes) {
  class Other final : public HandshakeQueue::Waiter {
   public:
    void on_place(HandshakeQueue::Place place) override { kept = std::move(place); }
    HandshakeQueue::Place kept;
  };
  std::vector<Other> others(config_.tls.max_handshakes);
  for (auto& other : others) context_.handshakes.enter(other);
  while (context_.handshakes.waiting() > 0) deferred_queue_.run();

  receive(client_->receive({}));
  turns();
  EXPECT_EQ(wire_.output, "");
  EXPECT_FALSE(wire_.reading);
  others[0].kept.reset();
  turns();
  EXPECT_NE(wire_.output, "");
  EXPECT_TRUE(wire_.reading);
}

TEST_F(TlsConnectionTest, AnswersARequestWithoutTls) {
  receive(get);
  turns();
  EXPECT_EQ(wire_.output.substr(0, 24), "HTTP/1.1 400 Bad Request");
  EXPECT_NE(wire_.output.find("https://"), std::string::npos);
  EXPECT_TRUE(wire_.finished);
}

TEST_F(TlsConnectionTest, ClosesWithoutAnAnswerForGarbage) {
  receive("garbage");
  EXPECT_TRUE(wire_.closed);
  EXPECT_EQ(wire_.output, "");
}

TEST_F(TlsConnectionTest, ClosesAfterTheTimeout) {
  receive(std::string(client_->receive({})).substr(0, 10));
  later(config_.tls.handshake_timeout - Milliseconds(1));
  EXPECT_FALSE(wire_.closed);
  later(Milliseconds(1));
  EXPECT_TRUE(wire_.closed);
}

TEST_F(TlsConnectionTest, CountsAClientThatLeavesInTheMiddleOfTheHandshake) {
  Counters counters;
  context_.counters = &counters;
  peer_ends();  // as a check of the port does, which is no failure
  EXPECT_EQ(counters.get(Counter::tls_handshakes_failed), 0U);
  reconnect();
  receive(client_->receive({}));
  turns();
  EXPECT_EQ(context_.handshakes.under_way(), 1U);
  peer_ends();
  EXPECT_TRUE(wire_.closed);
  EXPECT_EQ(counters.get(Counter::tls_handshakes_failed), 1U);
}

TEST_F(TlsConnectionTest, SendsTheAlertOfAFailedHandshake) {
  tls::ClientSettings old;
  old.min_version = TLS1_VERSION;
  old.max_version = TLS1_1_VERSION;
  client_ = std::make_unique<tls::TestClient>(authority_, old);
  talk(client_->receive({}));
  EXPECT_TRUE(client_->has_failed());
  EXPECT_TRUE(wire_.finished);
}

TEST_F(TlsConnectionTest, JoinsSmallWritesInOneRecord) {
  shake_hands();
  request();
  exchange(0).respond({200, {}}, "a", BodyPart::more);
  exchange(0).send_body("b", BodyPart::more);
  exchange(0).send_body("c", BodyPart::last);
  deferred_queue_.run();
  const std::string& output = wire_.output;
  ASSERT_GT(output.size(), 5U);
  const std::size_t record = static_cast<std::size_t>(static_cast<unsigned char>(output[3])) << 8 |
                             static_cast<unsigned char>(output[4]);
  EXPECT_EQ(output.size(), 5 + record);
}

TEST_F(TlsConnectionTest, EncryptsNoMoreThanTheSocketTakesSoon) {
  shake_hands();
  request();
  peer_takes_output_ = false;
  exchange(0).respond({200, {}}, std::string(10'000'000, 'x'), BodyPart::last);
  for (int i = 0; i < 50; ++i) deferred_queue_.run();
  EXPECT_LT(wire_.unsent, 200'000U);
  EXPECT_GE(connection_->stream().buffered(), 10'000'000U);
  peer_takes_output_ = true;
  EXPECT_GT(answer().size(), 10'000'000U);
}

TEST_F(TlsConnectionTest, SaysGoodbyeBehindTheLastResponse) {
  shake_hands();
  talk(client_->send("GET / HTTP/1.0\r\n\r\n"));
  exchange(0).respond({200, {}}, "last", BodyPart::last);
  EXPECT_NE(answer().find("last"), std::string::npos);
  EXPECT_TRUE(client_->server_has_ended());
  EXPECT_TRUE(wire_.finished);
}

TEST_F(TlsConnectionTest, TakesTheClientsGoodbyeForItsEnd) {
  shake_hands();
  receive(client_->send(get));
  receive(client_->close_notify());
  exchange(0).respond({200, {}}, "answer", BodyPart::last);
  EXPECT_NE(answer().find("answer"), std::string::npos);
  EXPECT_TRUE(wire_.closed);
}

TEST_F(TlsConnectionTest, BreaksOffAfterAChangedRecord) {
  shake_hands();
  request();
  std::string record = client_->send("more");
  record.back() = static_cast<char>(record.back() ^ 1);
  receive(record);
  EXPECT_TRUE(wire_.closed);
  EXPECT_EQ(calls(0).back(), "closed");
}

TEST_F(TlsConnectionTest, BreaksOffIfItsAnswersAreNotRead) {
  shake_hands();
  peer_takes_output_ = false;
  for (int i = 0; i < 20'000 && !wire_.closed; ++i) receive(client_->ask_for_new_keys());
  EXPECT_TRUE(wire_.closed);
  EXPECT_LT(wire_.unsent, 500'000U);
}

class TlsFileTest : public TlsConnectionTest {
 protected:
  FilePart file_of(const std::string& content) {
    char path[] = "/tmp/tls_file_XXXXXX";
    FileDescriptor descriptor(::mkstemp(path));
    ::unlink(path);
    EXPECT_EQ(::write(descriptor.get(), content.data(), content.size()),
              static_cast<ssize_t>(content.size()));
    auto open = std::make_shared<OpenFile>();
    open->descriptor = std::move(descriptor);
    open->path = "a file";
    return {std::move(open), 0, content.size()};
  }
  std::string read_all() {
    std::string all = answer();
    while (!jobs_.empty()) {
      run_jobs();
      all += answer();
    }
    return all;
  }
};

TEST_F(TlsFileTest, SendsAFileBetweenOtherBytes) {
  shake_hands();
  request();
  const std::string content(1'000'000, 'f');
  exchange(0).respond({200, {{"content-length", "1000002"}}}, "<", BodyPart::more);
  exchange(0).send_file(file_of(content), BodyPart::more);
  exchange(0).send_body(">", BodyPart::last);
  const std::string all = read_all();
  EXPECT_NE(all.find("<" + content + ">"), std::string::npos);
}

TEST_F(TlsFileTest, CutsAFileThatHasBecomeShorter) {
  shake_hands();
  request();
  FilePart part = file_of("short");
  part.size = 100;
  exchange(0).respond({200, {{"content-length", "100"}}}, "", BodyPart::more);
  exchange(0).send_file(std::move(part), BodyPart::last);
  read_all();
  EXPECT_TRUE(wire_.closed);
  ASSERT_FALSE(log_.empty());
  EXPECT_NE(log_.back().message.find("a file"), std::string::npos);
}

TEST_F(TlsFileTest, MayCloseWhileAFileIsRead) {
  shake_hands();
  request();
  exchange(0).respond({200, {{"content-length", "5"}}}, "", BodyPart::more);
  exchange(0).send_file(file_of("bytes"), BodyPart::last);
  turns();
  ASSERT_FALSE(jobs_.empty());
  peer_vanishes();
  reconnect();
  run_jobs();
}

}  // namespace
}  // namespace sioserve::connection
