// The client's side of TLS, against a server's session in memory.
#include "server/tls/client_context.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "server/tls/engine.h"
#include "server/tls/session.h"
#include "tests/unit/tls/made_certificates.h"

namespace sioserve::tls {
namespace {

using State = Engine::State;
using Verification = TlsClientConfig::Verification;

std::shared_ptr<const Certificate> parsed(const MadeCertificate& made) {
  auto certificate = parse_certificate(made.certificate, made.key, "");
  EXPECT_TRUE(certificate);
  return std::make_shared<const Certificate>(std::move(*certificate));
}

enum class Pieces { whole, bytes };

class TlsClientTest : public testing::TestWithParam<Pieces> {
 protected:
  TlsClientTest() {
    settings_.authorities_pem = authority_.pem();
    server_settings_.protocols = {};
  }

  // Returns what has failed at the client, or "".
  std::string connect(const std::string& host) {
    Certificates certificates;
    certificates.add(parsed(authority_.issue({"redis.example", "*.wild.example", "10.0.0.7"})));
    auto server_context = ServerContext::make(server_settings_, std::move(certificates),
                                              std::make_shared<TicketKeys>());
    EXPECT_TRUE(server_context) << server_context.error();
    auto client_context = ClientContext::make(settings_);
    EXPECT_TRUE(client_context) << client_context.error();
    server_ = std::make_unique<Session>(*server_context);
    client_ = std::make_unique<Engine>((*client_context)->new_session(host));
    client_->start();
    exchange();
    return client_->state() == State::failed ? client_->failure() : "";
  }

  // Until both have nothing more to say.
  void exchange() {
    while (client_->has_output() || server_->has_output()) {
      in_pieces(client_->take_output(), [this](std::string_view part) {
        server_->receive(part, TimePoint(std::chrono::hours(1)), at_server_);
      });
      in_pieces(server_->take_output(),
                [this](std::string_view part) { client_->receive(part, at_client_); });
    }
  }

  template <typename Take>
  void in_pieces(std::string_view bytes, Take take) {
    const std::size_t step = GetParam() == Pieces::whole ? bytes.size() : 1;
    for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size()))) {
      take(bytes.substr(0, step));
    }
  }

  const Authority authority_;
  ContextSettings server_settings_;
  ClientContextSettings settings_;
  std::unique_ptr<Session> server_;
  std::unique_ptr<Engine> client_;
  std::string at_server_;
  std::string at_client_;
};

INSTANTIATE_TEST_SUITE_P(InPieces, TlsClientTest, testing::Values(Pieces::whole, Pieces::bytes),
                         [](const auto& pieces) {
                           return pieces.param == Pieces::whole ? "Whole" : "ByteByByte";
                         });

TEST_P(TlsClientTest, CarriesBytesBothWays) {
  ASSERT_EQ(connect("redis.example"), "");
  EXPECT_EQ(client_->state(), State::open);
  EXPECT_EQ(server_->state(), State::open);
  const std::string large(100'000, 'x');
  client_->send(large);
  server_->send("+PONG");
  exchange();
  EXPECT_EQ(at_server_, large);
  EXPECT_EQ(at_client_, "+PONG");
}

TEST_P(TlsClientTest, SendsTheNameOfTheHostButNoAddress) {
  const auto sent_name = [this]() -> std::string {
    const char* name = SSL_get_servername(client_->ssl(), TLSEXT_NAMETYPE_host_name);
    return name == nullptr ? "" : name;
  };
  ASSERT_EQ(connect("redis.example"), "");
  EXPECT_EQ(sent_name(), "redis.example");
  ASSERT_EQ(connect("10.0.0.7"), "");
  EXPECT_EQ(sent_name(), "");
}

TEST_P(TlsClientTest, RefusesACertificateForAnotherHost) {
  EXPECT_EQ(connect("one.wild.example"), "");
  EXPECT_EQ(connect("other.example"), "certificate verify failed: hostname mismatch");
  EXPECT_EQ(connect("10.0.0.8"), "certificate verify failed: IP address mismatch");
  // The name of an address is not an address (RFC 6125 section 6.2.1).
  EXPECT_EQ(connect("10.0.0.7.example"), "certificate verify failed: hostname mismatch");
  EXPECT_EQ(server_->error(), Error::rejected_by_client);
}

TEST_P(TlsClientTest, RefusesACertificateOfAnUnknownAuthority) {
  settings_.authorities_pem = Authority("Another").pem();
  EXPECT_EQ(connect("redis.example"),
            "certificate verify failed: unable to get local issuer certificate");
  settings_.authorities_pem = "";
  EXPECT_EQ(connect("redis.example"),
            "certificate verify failed: unable to get local issuer certificate");
  EXPECT_EQ(client_->error_detail(), "unable to get local issuer certificate");
}

TEST_P(TlsClientTest, AcceptsAnyCertificateIfItIsToldSo) {
  settings_.authorities_pem = "";
  settings_.verification = Verification::none;
  EXPECT_EQ(connect("other.example"), "");
  EXPECT_EQ(client_->state(), State::open);
}

TEST_P(TlsClientTest, HasACertificateOfItsOwn) {
  server_settings_.client_certificates = TlsConfig::ClientCertificates::required;
  server_settings_.client_ca_pem = authority_.pem();
  settings_.own = parsed(authority_.issue({"sioserve"}));
  ASSERT_EQ(connect("redis.example"), "");
  EXPECT_EQ(server_->details().client_cert_name, "CN=sioserve");
  // In TLS 1.3 the client has finished its handshake when the server refuses it.
  settings_.own = nullptr;
  EXPECT_NE(connect("redis.example").find("alert certificate required"), std::string::npos);
}

TEST_P(TlsClientTest, IsToldThatTheServerCloses) {
  ASSERT_EQ(connect("redis.example"), "");
  server_->send("last");
  server_->close();
  exchange();
  EXPECT_EQ(at_client_, "last");
  EXPECT_EQ(client_->state(), State::ended);
  client_->send("still sent");
  client_->close();
  exchange();
  EXPECT_EQ(at_server_, "still sent");
  EXPECT_EQ(server_->state(), Session::State::ended);
}

TEST_P(TlsClientTest, SaysWhyIfTheServerSpeaksNoTls) {
  const auto context = ClientContext::make(settings_);
  Engine client((*context)->new_session("redis.example"));
  client.start();
  in_pieces("-ERR unknown command\r\n",
            [&](std::string_view part) { client.receive(part, at_client_); });
  EXPECT_EQ(client.state(), State::failed);
  EXPECT_EQ(client.failure(), "wrong version number");
  EXPECT_EQ(at_client_, "");
}

TEST(TlsClientContext, IsNotMadeFromAuthoritiesThatCannotBeRead) {
  ClientContextSettings settings;
  settings.authorities_pem = "no PEM";
  EXPECT_EQ(ClientContext::make(settings).error(),
            "the file of certificate authorities has no certificate (PEM)");
  const Authority authority;
  settings.authorities_pem = authority.pem() + "-----BEGIN CERTIFICATE-----\nAAAA\n";
  EXPECT_EQ(ClientContext::make(settings).error(),
            "certificate 2 in the file of certificate authorities cannot be read");
}

// The environment of one test.
class SystemTrustTest : public testing::Test {
 protected:
  SystemTrustTest() : folder_(testing::TempDir() + "trust_XXXXXX") { ::mkdtemp(folder_.data()); }
  ~SystemTrustTest() override {
    ::unsetenv("SSL_CERT_FILE");
    ::unsetenv("SSL_CERT_DIR");
    std::filesystem::remove_all(folder_);
  }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ + "/" + name) << text;
    return folder_ + "/" + name;
  }

  bool trusts(const Authority& authority) const {
    const auto certificate = parsed(authority.issue({"redis.example"}));
    Certificates certificates;
    certificates.add(certificate);
    const auto server =
        ServerContext::make({}, std::move(certificates), std::make_shared<TicketKeys>());
    const auto client = ClientContext::make({});
    Session session(*server);
    Engine engine((*client)->new_session("redis.example"));
    std::string plaintext;
    engine.start();
    session.receive(engine.take_output(), TimePoint(), plaintext);
    engine.receive(session.take_output(), plaintext);
    return engine.state() == State::open;
  }

  std::string folder_;
  const Authority first_{"First"};
  const Authority second_{"Second"};
};

TEST_F(SystemTrustTest, IsTheFileAndTheDirectories) {
  EXPECT_FALSE(trusts(first_));
  ::setenv("SSL_CERT_FILE", write("bundle.pem", first_.pem()).c_str(), 1);
  EXPECT_TRUE(trusts(first_));
  EXPECT_FALSE(trusts(second_));
  write("0a1b2c3d.0", second_.pem());
  ::setenv("SSL_CERT_DIR", ("/does/not/exist:" + folder_).c_str(), 1);
  EXPECT_TRUE(trusts(second_));
}

TEST_F(SystemTrustTest, HasNoOtherFilesOfTheDirectories) {
  write("other.pem", first_.pem());
  write("0a1b2c3d.r0", first_.pem());
  write("0a1b2c3d.1", "no PEM");
  ::setenv("SSL_CERT_DIR", folder_.c_str(), 1);
  EXPECT_FALSE(trusts(first_));
}

}  // namespace
}  // namespace sioserve::tls
