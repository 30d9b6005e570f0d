// A server's end of a TLS connection: an engine (engine.h) with the server's certificates, and what
// the application is told about it. RFC 8446, RFC 5246.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "server/base/clock.h"
#include "server/base/http_values.h"
#include "server/tls/engine.h"
#include "server/tls/error.h"
#include "server/tls/server_context.h"

namespace sioserve::tls {

// Lives on the I/O thread.
class Session final : public Engine {
 public:
  explicit Session(std::shared_ptr<const ServerContext> context);
  ~Session() override;

  // As that of Engine, until the handshake is complete: only the handshake needs the time, for
  // session tickets.
  void receive(std::string_view ciphertext, TimePoint now, std::string& plaintext);
  using Engine::receive;

  // In the state failed.
  Error error() const;

  // After the handshake:
  TlsDetails details() const;
  // Agreed on with ALPN; empty: the client offered none.
  std::string_view protocol() const;
  bool resumed() const;

  // Only for the callbacks of OpenSSL.
  const ServerContext& context() const { return *context_; }
  TimePoint now() const { return now_; }
  // What the ClientHello asks for; OpenSSL does not know it yet when it reads a ticket.
  std::string requested_host;

 private:
  const std::shared_ptr<const ServerContext> context_;
  TimePoint now_;
};

}  // namespace sioserve::tls
