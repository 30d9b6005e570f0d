// What the TLS sessions between the servers of a cluster share. Each server has a certificate, and
// both ends of a connection check that one of the cluster's authorities has signed the other's. The
// names in certificates do not matter: whom the authorities have given a certificate belongs to the
// cluster. TLS 1.2 with the recommended ciphers, and TLS 1.3. Sessions are never resumed, so that
// each connection checks the certificates.
#pragma once

#include <memory>
#include <string>

#include "server/base/result.h"
#include "server/tls/certificate.h"
#include "server/tls/openssl_handles.h"

namespace sioserve::tls {

// Immutable. Any thread.
class PeerContext {
 public:
  // The error is the end of a sentence about TLS.
  static Result<std::shared_ptr<const PeerContext>, std::string> make(
      const Certificate& own, const std::string& authorities_pem);

  PeerContext(const PeerContext&) = delete;
  PeerContext& operator=(const PeerContext&) = delete;

  // For an Engine: of the end that connects, and of the one that is connected to.
  SslPtr connect() const;
  SslPtr accept() const;

 private:
  PeerContext(SslContextPtr connecting, SslContextPtr accepting)
      : connecting_(std::move(connecting)), accepting_(std::move(accepting)) {}

  const SslContextPtr connecting_;
  const SslContextPtr accepting_;
};

}  // namespace sioserve::tls
