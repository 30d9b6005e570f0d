// One TLS session of a server: an engine (engine.h) with the server's certificates, and what the
// application is told about it. The time is for session tickets. RFC 8446, RFC 5246.
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
class Session {
 public:
  using State = Engine::State;

  explicit Session(std::shared_ptr<const ServerContext> context);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // As those of Engine.
  void receive(std::string_view ciphertext, TimePoint now, std::string& plaintext);
  void send(std::string_view plaintext) { engine_.send(plaintext); }
  void close() { engine_.close(); }
  std::string take_output() { return engine_.take_output(); }
  bool has_output() const { return engine_.has_output(); }

  State state() const { return engine_.state(); }
  // In the state failed.
  Error error() const;
  // OpenSSL's words for it, for the log.
  const std::string& error_detail() const { return engine_.error_detail(); }

  // After the handshake:
  TlsDetails details() const;
  // Agreed on with ALPN; empty: the client offered none.
  std::string_view protocol() const;
  bool resumed() const;

  // Only for the callbacks of OpenSSL.
  const ServerContext& context() const { return *context_; }
  TimePoint now() const { return now_; }

 private:
  const std::shared_ptr<const ServerContext> context_;
  Engine engine_;
  TimePoint now_;
};

}  // namespace sioserve::tls
