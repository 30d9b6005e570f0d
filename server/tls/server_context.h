// What all TLS sessions of a server share: certificates, versions, ciphers, the keys of session
// tickets. A reload of certificates makes another context; sessions keep theirs.
//
// Versions and ciphers follow Mozilla's intermediate recommendation: TLS 1.2 with ephemeral keys
// and authenticated encryption, and TLS 1.3. There is no renegotiation, no compression, and no
// early data, which an attacker could send twice.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/config.h"
#include "server/base/result.h"
#include "server/tls/certificates.h"
#include "server/tls/openssl_handles.h"
#include "server/tls/ticket_keys.h"

namespace sioserve::tls {

struct ContextSettings {
  TlsConfig::MinVersion min_version = TlsConfig::MinVersion::tls_1_2;
  std::string ciphers;  // of TLS 1.2, as in openssl-ciphers(1); empty: the recommended ones
  TlsConfig::ClientCertificates client_certificates = TlsConfig::ClientCertificates::none;
  std::string client_ca_pem;  // the certificates that may have signed those of clients
  std::vector<std::string> protocols = {"http/1.1"};  // for ALPN, the preferred one first
};

class ServerContext {
 public:
  // The error is the end of a sentence about TLS. `ticket_keys` are used by later contexts too; no
  // tickets are given out if clients have certificates, because those must be checked again.
  static Result<std::shared_ptr<const ServerContext>, std::string> make(
      const ContextSettings& settings, Certificates certificates,
      std::shared_ptr<TicketKeys> ticket_keys);

  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;

  const Certificates& certificates() const { return certificates_; }

  // Only for Session.
  SslPtr new_session() const;
  TicketKeys& ticket_keys() const { return *ticket_keys_; }
  // The first of our protocols that the client offers, as an entry of ALPN's list; empty: none.
  std::string_view choose_protocol(std::string_view offered) const;

 private:
  ServerContext(SslContextPtr context, Certificates certificates,
                std::shared_ptr<TicketKeys> ticket_keys, std::vector<std::string> protocols);

  // Empty, or what is wrong with a certificate, for example that its key is too short.
  std::string fault_of_certificates() const;

  const SslContextPtr context_;
  const Certificates certificates_;
  const std::shared_ptr<TicketKeys> ticket_keys_;
  const std::vector<std::string> protocols_;
};

}  // namespace sioserve::tls
