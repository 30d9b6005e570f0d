// The server's side of TLS, against a client in memory.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/tls/session.h"
#include "tests/unit/tls/test_client.h"

namespace sioserve::tls {
namespace {

using ClientCertificates = TlsConfig::ClientCertificates;

std::shared_ptr<const Certificate> parsed(const MadeCertificate& made) {
  auto certificate = parse_certificate(made.certificate, made.key, "");
  EXPECT_TRUE(certificate);
  return std::make_shared<const Certificate>(std::move(*certificate));
}

enum class Pieces { whole, bytes };

class TlsSessionTest : public testing::TestWithParam<Pieces> {
 protected:
  TlsSessionTest() { use(authority_.issue({"example.com"})); }

  void use(const MadeCertificate& made) { use({parsed(made)}); }
  void use(const std::vector<std::shared_ptr<const Certificate>>& list) {
    Certificates certificates;
    for (const auto& certificate : list) certificates.add(certificate);
    auto made = ServerContext::make(settings_, std::move(certificates), ticket_keys_);
    ASSERT_TRUE(made) << made.error();
    context_ = *made;
  }

  void connect(const ClientSettings& settings = {}, SSL_SESSION* resumed = nullptr) {
    session_ = std::make_unique<Session>(context_);
    client_ = std::make_unique<TestClient>(authority_, settings);
    if (resumed != nullptr) client_->resume(resumed);
    to_server(client_->receive({}));
  }

  // Until both sides have nothing more to say.
  void to_server(std::string bytes) {
    while (!bytes.empty()) {
      feed(bytes);
      bytes = client_->receive(session_->take_output());
    }
  }
  void to_client() { to_server(client_->receive(session_->take_output())); }

  void feed(std::string_view bytes) {
    const std::size_t step = GetParam() == Pieces::whole ? bytes.size() : 1;
    for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size()))) {
      session_->receive(bytes.substr(0, step), now_, received_);
    }
  }

  std::string received() { return std::exchange(received_, std::string()); }

  const Authority authority_;
  ContextSettings settings_;
  std::shared_ptr<TicketKeys> ticket_keys_ = std::make_shared<TicketKeys>();
  std::shared_ptr<const ServerContext> context_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<TestClient> client_;
  TimePoint now_{std::chrono::hours(1)};
  std::string received_;
};

INSTANTIATE_TEST_SUITE_P(InPieces, TlsSessionTest, testing::Values(Pieces::whole, Pieces::bytes),
                         [](const auto& pieces) {
                           return pieces.param == Pieces::whole ? "Whole" : "ByteByByte";
                         });

TEST_P(TlsSessionTest, CarriesBytesBothWays) {
  connect();
  ASSERT_TRUE(client_->is_connected());
  EXPECT_EQ(session_->state(), Session::State::open);
  to_server(client_->send("a request"));
  EXPECT_EQ(received(), "a request");
  session_->send("a response");
  to_client();
  EXPECT_EQ(client_->take_plaintext(), "a response");
}

TEST_P(TlsSessionTest, CarriesMoreThanOneRecord) {
  connect();
  const std::string large(100'000, 'x');
  to_server(client_->send(large));
  EXPECT_EQ(received(), large);
  session_->send(large);
  to_client();
  EXPECT_EQ(client_->take_plaintext(), large);
}

TEST_P(TlsSessionTest, ReadsWhatComesWithTheEndOfTheHandshake) {
  session_ = std::make_unique<Session>(context_);
  client_ = std::make_unique<TestClient>(authority_, ClientSettings{});
  feed(client_->receive({}));
  std::string last = client_->receive(session_->take_output());
  last += client_->send("early");
  last += client_->close_notify();
  feed(last);
  EXPECT_EQ(received(), "early");
  EXPECT_EQ(session_->state(), Session::State::ended);
}

TEST_P(TlsSessionTest, StillSendsAfterThePeersClose) {
  connect();
  feed(client_->send("last"));
  feed(client_->close_notify());
  EXPECT_EQ(received(), "last");
  EXPECT_EQ(session_->state(), Session::State::ended);
  session_->send("answer");
  client_->receive(session_->take_output());
  EXPECT_EQ(client_->take_plaintext(), "answer");
}

TEST_P(TlsSessionTest, TellsTheClientWhenItCloses) {
  connect();
  session_->send("end");
  session_->close();
  session_->send("not sent");
  session_->close();
  to_client();
  EXPECT_EQ(client_->take_plaintext(), "end");
  EXPECT_TRUE(client_->server_has_ended());
}

TEST_P(TlsSessionTest, KeepsNoBytesOfAnIncompleteRecordAsPlaintext) {
  connect();
  const std::string record = client_->send("whole or not at all");
  feed(record.substr(0, record.size() - 1));
  EXPECT_EQ(received(), "");
  feed(record.substr(record.size() - 1));
  EXPECT_EQ(received(), "whole or not at all");
}

TEST_P(TlsSessionTest, FailsIfARecordWasChanged) {
  connect();
  std::string record = client_->send("secret");
  record.back() = static_cast<char>(record.back() ^ 1);
  feed(record);
  EXPECT_EQ(session_->state(), Session::State::failed);
  EXPECT_EQ(session_->error(), Error::malformed);
  EXPECT_EQ(received(), "");
  EXPECT_TRUE(session_->has_output()) << "an alert";
  session_->send("ignored");
  feed("ignored too");
}

TEST_P(TlsSessionTest, FailsWithGarbage) {
  session_ = std::make_unique<Session>(context_);
  feed(std::string("\x16\x03\x01\x00\x04\x01\x00\x00\x00", 9));
  EXPECT_EQ(session_->state(), Session::State::failed);
  EXPECT_EQ(session_->error(), Error::malformed);
  EXPECT_NE(session_->error_detail(), "");
}

// --- Versions, ciphers, protocols ---

TEST_P(TlsSessionTest, SpeaksBothVersions) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    connect({.min_version = version, .max_version = version});
    ASSERT_TRUE(client_->is_connected());
    EXPECT_EQ(session_->details().version, version);
    EXPECT_GT(session_->details().cipher_suite, 0);
  }
}

TEST_P(TlsSessionTest, RefusesOldVersions) {
  connect({.min_version = TLS1_VERSION, .max_version = TLS1_1_VERSION});
  EXPECT_TRUE(client_->has_failed());
  EXPECT_EQ(session_->error(), Error::unsupported_version);
}

TEST_P(TlsSessionTest, CanRequireVersion13) {
  settings_.min_version = TlsConfig::MinVersion::tls_1_3;
  use(authority_.issue({"example.com"}));
  connect({.max_version = TLS1_2_VERSION});
  EXPECT_EQ(session_->error(), Error::unsupported_version);
  connect();
  EXPECT_EQ(session_->details().version, TLS1_3_VERSION);
}

TEST_P(TlsSessionTest, RefusesWeakCiphers) {
  use(authority_.issue({"example.com"}, KeyKind::rsa));
  for (const char* cipher : {"AES128-SHA", "ECDHE-RSA-AES128-SHA", "AES128-GCM-SHA256"}) {
    connect({.max_version = TLS1_2_VERSION, .ciphers = cipher});
    EXPECT_EQ(session_->error(), Error::no_shared_cipher) << cipher;
  }
}

TEST_P(TlsSessionTest, UsesTheCiphersOfTheSettings) {
  settings_.ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384";
  use(authority_.issue({"example.com"}));
  connect({.max_version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"});
  EXPECT_EQ(session_->error(), Error::no_shared_cipher);
  connect({.max_version = TLS1_2_VERSION});
  EXPECT_EQ(session_->details().cipher_suite, 0xc02c);
}

TEST_P(TlsSessionTest, RefusesRenegotiationAndGoesOn) {
  connect({.max_version = TLS1_2_VERSION});
  feed(client_->renegotiate());
  EXPECT_EQ(session_->state(), Session::State::open);
  EXPECT_TRUE(session_->has_output()) << "an alert";
}

TEST_P(TlsSessionTest, ChangesKeysWhenTheClientAsks) {
  connect();
  to_server(client_->ask_for_new_keys());
  to_server(client_->send("with new keys"));
  EXPECT_EQ(received(), "with new keys");
  session_->send("these too");
  to_client();
  EXPECT_EQ(client_->take_plaintext(), "these too");
}

TEST_P(TlsSessionTest, AgreesOnAProtocol) {
  connect({.protocols = {"h2", "http/1.1"}});
  EXPECT_EQ(client_->protocol(), "http/1.1");
  EXPECT_EQ(session_->protocol(), "http/1.1");
  connect();
  EXPECT_TRUE(client_->is_connected());
  EXPECT_EQ(session_->protocol(), "");
}

TEST_P(TlsSessionTest, PrefersItsOwnOrderOfProtocols) {
  settings_.protocols = {"h2", "http/1.1"};
  use(authority_.issue({"example.com"}));
  connect({.protocols = {"http/1.1", "h2"}});
  EXPECT_EQ(session_->protocol(), "h2");
}

TEST_P(TlsSessionTest, RefusesAClientOfOtherProtocols) {
  connect({.protocols = {"ftp"}});
  EXPECT_TRUE(client_->has_failed());
  EXPECT_EQ(session_->error(), Error::no_shared_protocol);
}

// --- Certificates ---

TEST_P(TlsSessionTest, ChoosesTheCertificateByTheHost) {
  use({parsed(authority_.issue({"first.example"})),
       parsed(authority_.issue({"b.example", "c.example"})),
       parsed(authority_.issue({"*.wild.example"}))});
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"first.example", "first.example"},
      {"c.example", "b.example"},
      {"C.Example", "b.example"},
      {"any.wild.example", "*.wild.example"},
      {"a.b.wild.example", "first.example"},
      {"unknown.example", "first.example"},
      {"", "first.example"}};
  for (const auto& [host, name] : expected) {
    connect({.host = host});
    EXPECT_EQ(client_->server_name(), name) << host;
  }
}

TEST_P(TlsSessionTest, ChoosesTheKindOfKeyThatTheClientSupports) {
  use({parsed(authority_.issue({"example.com"}, KeyKind::rsa)),
       parsed(authority_.issue({"example.com"}, KeyKind::ecdsa))});
  for (const int cipher : {0xc02b, 0xc02f}) {
    connect({.max_version = TLS1_2_VERSION,
             .ciphers = cipher == 0xc02b ? "ECDHE-ECDSA-AES128-GCM-SHA256"
                                         : "ECDHE-RSA-AES128-GCM-SHA256"});
    ASSERT_TRUE(client_->is_connected());
    EXPECT_EQ(session_->details().cipher_suite, cipher);
  }
}

TEST_P(TlsSessionTest, ReportsTheCertificateThatItHasSent) {
  const auto second = authority_.issue({"b.example"});
  use({parsed(authority_.issue({"a.example"})), parsed(second)});
  connect({.host = "b.example"});
  EXPECT_EQ(session_->details().server_cert, second.certificate);
}

TEST_P(TlsSessionTest, SaysThatTheClientRejectsTheCertificate) {
  const Authority other;
  use(other.issue({"example.com"}));
  connect({.max_version = TLS1_2_VERSION});
  EXPECT_TRUE(client_->has_failed());
  to_server(client_->receive({}));
  EXPECT_EQ(session_->error(), Error::rejected_by_client);
}

TEST_P(TlsSessionTest, RequiresACertificateOfTheClient) {
  settings_.client_certificates = ClientCertificates::required;
  settings_.client_ca_pem = authority_.pem();
  use(authority_.issue({"example.com"}));
  connect();
  EXPECT_EQ(session_->error(), Error::no_client_certificate);

  const auto own = authority_.issue({"client"});
  connect({.certificate = &own});
  EXPECT_EQ(session_->state(), Session::State::open);
  EXPECT_EQ(session_->details().client_cert_name, "CN=client");
  EXPECT_EQ(session_->details().client_cert_chain, std::vector<std::string>{own.certificate});
}

TEST_P(TlsSessionTest, DoesWithoutACertificateOfTheClient) {
  settings_.client_certificates = ClientCertificates::optional;
  settings_.client_ca_pem = authority_.pem();
  use(authority_.issue({"example.com"}));
  connect();
  EXPECT_EQ(session_->state(), Session::State::open);
  EXPECT_TRUE(session_->details().client_cert_chain.empty());
}

TEST_P(TlsSessionTest, RefusesAClientCertificateOfAnotherAuthority) {
  settings_.client_certificates = ClientCertificates::optional;
  settings_.client_ca_pem = authority_.pem();
  use(authority_.issue({"example.com"}));
  const Authority other("Other");
  const auto own = other.issue({"client"});
  connect({.certificate = &own});
  EXPECT_EQ(session_->error(), Error::client_certificate_invalid);
  EXPECT_NE(session_->error_detail(), "");
}

// --- Resumption ---

TEST_P(TlsSessionTest, ResumesASessionWithATicket) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    connect({.max_version = version});
    ASSERT_NE(client_->session(), nullptr);
    const auto first = std::move(client_);
    connect({.max_version = version}, first->session());
    EXPECT_TRUE(session_->resumed()) << version;
    EXPECT_NE(session_->details().server_cert, "");
    to_server(client_->send("resumed"));
    EXPECT_EQ(received(), "resumed");
  }
}

TEST_P(TlsSessionTest, ResumesASessionForItsHostOnly) {
  use(authority_.issue({"example.com", "example.org"}));
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const auto& [first_host, second_host] :
         std::vector<std::pair<std::string, std::string>>{{"example.com", "example.org"},
                                                          {"example.com", ""},
                                                          {"", "example.com"},
                                                          {"example.com", "example.co"}}) {
      connect({.host = first_host, .max_version = version});
      const auto first = std::move(client_);
      connect({.host = second_host, .max_version = version}, first->session());
      EXPECT_TRUE(client_->is_connected());
      EXPECT_FALSE(session_->resumed()) << version << first_host << second_host;
      ASSERT_NE(client_->session(), nullptr) << "it gets a ticket of its own";
      const auto second = std::move(client_);
      connect({.host = second_host, .max_version = version}, second->session());
      EXPECT_TRUE(session_->resumed()) << version << second_host;
    }
  }
}

TEST_P(TlsSessionTest, ResumesASessionAfterAReloadOfCertificates) {
  connect();
  const auto first = std::move(client_);
  use(authority_.issue({"example.com"}));
  connect({}, first->session());
  EXPECT_TRUE(session_->resumed());
}

TEST_P(TlsSessionTest, ForgetsTheKeysOfOldTickets) {
  connect();
  const auto first = std::move(client_);
  now_ += TicketKeys::lifetime * 2;
  connect({}, first->session());
  EXPECT_TRUE(client_->is_connected());
  EXPECT_FALSE(session_->resumed());
}

TEST_P(TlsSessionTest, GivesNoTicketsToClientsWithCertificates) {
  settings_.client_certificates = ClientCertificates::optional;
  settings_.client_ca_pem = authority_.pem();
  use(authority_.issue({"example.com"}));
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    connect({.max_version = version});
    ASSERT_TRUE(client_->is_connected());
    if (client_->session() == nullptr) continue;
    const auto first = std::move(client_);
    connect({.max_version = version}, first->session());
    EXPECT_FALSE(session_->resumed());
  }
}

// --- Settings that cannot be used ---

TEST(TlsServerContext, RefusesAKeyThatIsTooShort) {
  Certificates certificates;
  certificates.add(parsed(Authority().issue({"example.com"}, KeyKind::short_rsa)));
  const auto made =
      ServerContext::make({}, std::move(certificates), std::make_shared<TicketKeys>());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error(), "the certificate for example.com can't be used: ee key too small");
}

TEST(TlsServerContext, RefusesUnknownCiphers) {
  ContextSettings settings;
  settings.ciphers = "NONSENSE";
  const auto made = ServerContext::make(settings, {}, std::make_shared<TicketKeys>());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error(), "no cipher of TLS 1.2 is called \"NONSENSE\"");
}

TEST(TlsServerContext, RefusesAnEmptyListOfAuthorities) {
  ContextSettings settings;
  settings.client_certificates = ClientCertificates::required;
  settings.client_ca_pem = "nothing";
  EXPECT_FALSE(ServerContext::make(settings, {}, std::make_shared<TicketKeys>()));
}

TEST(TlsServerContext, RefusesADamagedAuthorityBehindAGoodOne) {
  ContextSettings settings;
  settings.client_certificates = ClientCertificates::required;
  std::string damaged = Authority().pem();
  damaged.replace(damaged.find("\n") + 10, 10, "##########");
  settings.client_ca_pem = Authority().pem() + damaged;
  const auto made = ServerContext::make(settings, {}, std::make_shared<TicketKeys>());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error(),
            "certificate 2 in the file of client certificate authorities can't be read");
}

}  // namespace
}  // namespace sioserve::tls
