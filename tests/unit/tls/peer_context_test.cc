// Both ends of TLS between servers, in memory.
#include "server/tls/peer_context.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "server/tls/engine.h"
#include "server/tls/peer_failure.h"
#include "tests/unit/tls/made_certificates.h"

namespace sioserve::tls {
namespace {

using State = Engine::State;

std::shared_ptr<const PeerContext> context_of(const MadeCertificate& made,
                                              const Authority& trusted) {
  const auto certificate = parse_certificate(made.certificate, made.key, "");
  EXPECT_TRUE(certificate);
  auto context = PeerContext::make(*certificate, trusted.pem());
  EXPECT_TRUE(context) << context.error();
  return *context;
}

class PeerContextTest : public testing::Test {
 protected:
  void connect(const PeerContext& caller, const PeerContext& answerer) {
    caller_ = std::make_unique<Engine>(caller.connect());
    answerer_ = std::make_unique<Engine>(answerer.accept());
    caller_->start();
    answerer_->start();
    exchange();
  }
  void exchange() {
    while (caller_->has_output() || answerer_->has_output()) {
      answerer_->receive(caller_->take_output(), at_answerer_);
      caller_->receive(answerer_->take_output(), at_caller_);
    }
  }
  std::string failure_of_caller() const { return describe_peer_failure(*caller_); }
  std::string failure_of_answerer() const { return describe_peer_failure(*answerer_); }

  const Authority authority_;
  const Authority other_{"Other"};
  const std::shared_ptr<const PeerContext> first_ =
      context_of(authority_.issue({"one.example"}), authority_);
  const std::shared_ptr<const PeerContext> second_ =
      context_of(authority_.issue({"two.example"}, KeyKind::rsa), authority_);
  std::unique_ptr<Engine> caller_;
  std::unique_ptr<Engine> answerer_;
  std::string at_caller_;
  std::string at_answerer_;
};

TEST_F(PeerContextTest, TrustsTheAuthorityWhateverTheNames) {
  for (const auto& [one, other] : {std::pair(first_, second_), std::pair(second_, first_)}) {
    at_caller_ = at_answerer_ = "";
    connect(*one, *other);
    ASSERT_EQ(caller_->state(), State::open);
    ASSERT_EQ(answerer_->state(), State::open);
    caller_->send("question");
    answerer_->send("answer");
    exchange();
    EXPECT_EQ(at_answerer_, "question");
    EXPECT_EQ(at_caller_, "answer");
  }
}

TEST_F(PeerContextTest, RefusesACallerOfAnotherAuthority) {
  connect(*context_of(other_.issue({"one.example"}), authority_), *second_);
  EXPECT_EQ(failure_of_answerer(),
            "its certificate is not accepted: unable to get local issuer certificate");
  EXPECT_EQ(failure_of_caller(),
            "it refuses the certificate or the TLS of this server: tlsv1 alert unknown ca");
}

TEST_F(PeerContextTest, RefusesAnAnswererOfAnotherAuthority) {
  connect(*first_, *context_of(other_.issue({"two.example"}), authority_));
  EXPECT_EQ(failure_of_caller(),
            "its certificate is not accepted: unable to get local issuer certificate");
  EXPECT_EQ(failure_of_answerer(),
            "it refuses the certificate or the TLS of this server: tlsv1 alert unknown ca");
}

TEST_F(PeerContextTest, RefusesWhatHasExpired) {
  const auto expired =
      context_of(authority_.issue({"old.example"}, KeyKind::ecdsa, Validity::expired), authority_);
  connect(*expired, *second_);
  EXPECT_EQ(failure_of_answerer(), "its certificate is not accepted: certificate has expired");
  connect(*first_, *expired);
  EXPECT_EQ(failure_of_caller(), "its certificate is not accepted: certificate has expired");
}

TEST_F(PeerContextTest, RefusesACallerWithoutACertificate) {
  caller_ = std::make_unique<Engine>([] {
    static const SslContextPtr context(SSL_CTX_new(TLS_client_method()));
    SslPtr session(SSL_new(context.get()));
    SSL_set_connect_state(session.get());
    return session;
  }());
  answerer_ = std::make_unique<Engine>(first_->accept());
  caller_->start();
  exchange();
  EXPECT_EQ(failure_of_answerer(), "TLS has failed: peer did not return a certificate");
  EXPECT_EQ(at_answerer_, "");
}

TEST_F(PeerContextTest, SaysSoToAPeerWithoutTls) {
  for (const std::string_view bytes :
       {std::string_view("\0\0\0\x29\0", 5), std::string_view("GET / HTTP/1.1\r\n\r\n")}) {
    Engine answerer(first_->accept());
    answerer.start();
    answerer.receive(bytes, at_answerer_);
    ASSERT_EQ(answerer.state(), State::failed);
    EXPECT_EQ(describe_peer_failure(answerer).find("it does not use TLS, and this server does"),
              0U);
    EXPECT_EQ(answerer.take_output(), std::string("\x15\x03\x01\x00\x02\x02\x46", 7));
  }
  Engine caller(first_->connect());
  caller.start();
  caller.take_output();
  caller.receive(std::string_view("\0\0\0\x01\x04", 5), at_caller_);
  ASSERT_EQ(caller.state(), State::failed);
  EXPECT_EQ(describe_peer_failure(caller).find("it does not use TLS, and this server does"), 0U);
  EXPECT_EQ(caller.take_output(), "");
}

TEST_F(PeerContextTest, IsNotMadeWithoutAuthorities) {
  const MadeCertificate made = authority_.issue({"one.example"});
  const auto certificate = parse_certificate(made.certificate, made.key, "");
  EXPECT_EQ(PeerContext::make(*certificate, "no PEM").error(),
            "the file of certificate authorities has no certificate (PEM)");
}

}  // namespace
}  // namespace sioserve::tls
