// Certificates that a test makes, and files for them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "server/tls/openssl_handles.h"

namespace sioserve::tls {

enum class KeyKind { ecdsa, rsa, short_rsa };

enum class Validity { now, expired };

// A certificate and its key, in PEM.
struct MadeCertificate {
  std::string certificate;
  std::string key;
};

// Signs certificates.
class Authority {
 public:
  explicit Authority(const std::string& name = "Test Authority");

  // `names`: of the hosts, or IPv4 addresses; the first one is also the common name.
  MadeCertificate issue(const std::vector<std::string>& names, KeyKind kind = KeyKind::ecdsa,
                        Validity validity = Validity::now) const;
  // Its own certificate, in PEM.
  std::string pem() const;

 private:
  KeyPtr key_;
  X509Ptr certificate_;
};

// The key, encrypted with a password.
std::string encrypted_key(const MadeCertificate& made, const std::string& password);

}  // namespace sioserve::tls
