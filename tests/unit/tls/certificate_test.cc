#include "server/tls/certificate.h"

#include <gtest/gtest.h>

#include "tests/unit/tls/made_certificates.h"

namespace sioserve::tls {
namespace {

CertificateError error_of(const std::string& certificate, const std::string& key,
                          const std::string& password = "") {
  const auto parsed = parse_certificate(certificate, key, password);
  EXPECT_FALSE(parsed);
  return parsed.error();
}

TEST(TlsCertificate, ReadsTheNamesOfTheHosts) {
  const auto made = Authority().issue({"Example.COM", "*.example.com"});
  const auto parsed = parse_certificate(made.certificate, made.key, "");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->names, (std::vector<std::string>{"example.com", "*.example.com"}));
  EXPECT_EQ(parsed->pem, made.certificate);
}

TEST(TlsCertificate, ReadsAChain) {
  const Authority authority;
  const auto made = authority.issue({"example.com"});
  const auto parsed = parse_certificate(made.certificate + authority.pem(), made.key, "");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(sk_X509_num(parsed->chain.get()), 1);
}

TEST(TlsCertificate, MayStandInOneFileWithItsKey) {
  const auto made = Authority().issue({"example.com"});
  const std::string both = made.key + made.certificate;
  EXPECT_TRUE(parse_certificate(both, both, ""));
}

TEST(TlsCertificate, TakesAnEncryptedKeyWithItsPassword) {
  const auto made = Authority().issue({"example.com"});
  const std::string key = encrypted_key(made, "secret");
  EXPECT_TRUE(parse_certificate(made.certificate, key, "secret"));
  EXPECT_EQ(error_of(made.certificate, key, "wrong"), CertificateError::wrong_password);
  EXPECT_EQ(error_of(made.certificate, key), CertificateError::wrong_password);
}

TEST(TlsCertificate, SaysWhatIsWrong) {
  const Authority authority;
  const auto made = authority.issue({"example.com"});
  const auto other = authority.issue({"example.com"});
  const std::string cut = made.certificate.substr(0, made.certificate.size() / 2);
  EXPECT_EQ(error_of("", made.key), CertificateError::no_certificate);
  EXPECT_EQ(error_of("text", made.key), CertificateError::no_certificate);
  EXPECT_EQ(error_of(cut, made.key), CertificateError::bad_certificate);
  EXPECT_EQ(error_of(made.certificate + cut, made.key), CertificateError::bad_certificate);
  EXPECT_EQ(error_of(made.certificate, ""), CertificateError::no_key);
  EXPECT_EQ(error_of(made.certificate, made.certificate), CertificateError::no_key);
  EXPECT_EQ(
      error_of(made.certificate, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
      CertificateError::bad_key);
  EXPECT_EQ(error_of(made.certificate, other.key), CertificateError::key_of_another_certificate);
}

}  // namespace
}  // namespace sioserve::tls
