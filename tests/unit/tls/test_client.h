// A TLS client in memory, for tests of the server's side.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/tls/openssl_handles.h"
#include "tests/unit/tls/made_certificates.h"

namespace sioserve::tls {

struct ClientSettings {
  std::string host = "example.com";      // for SNI; empty: none
  std::vector<std::string> protocols{};  // for ALPN
  int min_version = TLS1_2_VERSION;
  int max_version = TLS1_3_VERSION;
  std::string ciphers{};                         // of TLS 1.2; empty: the usual ones
  const MadeCertificate* certificate = nullptr;  // its own
};

class TestClient {
 public:
  // `authority`: signs the server's certificate.
  TestClient(const Authority& authority, const ClientSettings& settings);

  // Goes on with the handshake, and reads what can be read. Returns what has to be sent.
  std::string receive(std::string_view ciphertext);
  // Encrypts.
  std::string send(std::string_view plaintext);
  std::string close_notify();
  std::string ask_for_new_keys();  // KeyUpdate of TLS 1.3
  std::string renegotiate();       // TLS 1.2

  bool is_connected() const { return connected_; }
  bool has_failed() const { return failed_; }
  bool server_has_ended() const { return server_has_ended_; }
  std::string take_plaintext();
  std::string server_name() const;  // the common name of the server's certificate
  std::string protocol() const;
  int version() const { return SSL_version(ssl_.get()); }
  bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
  // To be given to a later client.
  SSL_SESSION* session() const { return session_.get(); }
  void resume(SSL_SESSION* session) { SSL_set_session(ssl_.get(), session); }

 private:
  std::string take_output();
  static int on_new_session(SSL* ssl, SSL_SESSION* session);

  SslContextPtr context_;
  SslPtr ssl_;
  BIO* input_ = nullptr;   // owned by ssl_
  BIO* output_ = nullptr;  // owned by ssl_
  std::unique_ptr<SSL_SESSION, FreeWith<SSL_SESSION_free>> session_;
  std::string plaintext_;
  bool connected_ = false;
  bool failed_ = false;
  bool server_has_ended_ = false;
};

}  // namespace sioserve::tls
