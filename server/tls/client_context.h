// What the TLS sessions of a client share: whom it trusts, and its own certificate. For connections
// of this server to others. TLS 1.2 with the recommended ciphers, and TLS 1.3.
#pragma once

#include <memory>
#include <string>

#include "server/base/config.h"
#include "server/base/result.h"
#include "server/tls/certificate.h"
#include "server/tls/openssl_handles.h"

namespace sioserve::tls {

struct ClientContextSettings {
  using Verification = TlsClientConfig::Verification;

  Verification verification = Verification::required;
  std::string authorities_pem;             // trusted besides the system's; empty: none
  std::shared_ptr<const Certificate> own;  // null: none
};

// Immutable. Any thread.
class ClientContext {
 public:
  // Reads the system's trust store, if servers are verified. The error is the end of a sentence
  // about TLS. May wait for the disk.
  static Result<std::shared_ptr<const ClientContext>, std::string> make(
      const ClientContextSettings& settings);

  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;

  // For an Engine. The server's certificate must be for `host`, a name or an IP address (RFC 6125);
  // a name is sent to it (SNI, RFC 6066).
  SslPtr new_session(const std::string& host) const;

 private:
  explicit ClientContext(SslContextPtr context) : context_(std::move(context)) {}

  const SslContextPtr context_;
};

}  // namespace sioserve::tls
