// One TLS session of a server: OpenSSL between two buffers.
//
// Bytes of the socket go into receive(), which gives plaintext; plaintext goes into send(); what
// must be sent to the client is in take_output(). States: handshake, until the client has finished
// it; open; ended by the client's close_notify, after which send() still works; failed, after which
// only take_output() makes sense, because it has the alert for the client.
//
// Does not know sockets or clocks; the time is for session tickets. RFC 8446, RFC 5246.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "server/base/clock.h"
#include "server/base/http_values.h"
#include "server/tls/error.h"
#include "server/tls/openssl_handles.h"
#include "server/tls/server_context.h"

namespace sioserve::tls {

// Lives on the I/O thread.
class Session {
 public:
  enum class State { handshake, open, ended, failed };

  explicit Session(std::shared_ptr<const ServerContext> context);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Takes all of `ciphertext`. Appends to `plaintext`.
  void receive(std::string_view ciphertext, TimePoint now, std::string& plaintext);
  // In the states open and ended; ignored after close().
  void send(std::string_view plaintext);
  // Sends close_notify: nothing is sent after that.
  void close();
  // What is to be sent to the client since the last call.
  std::string take_output();
  bool has_output() const { return !transport_.output.empty(); }

  State state() const { return state_; }
  // In the state failed.
  Error error() const { return error_; }
  // OpenSSL's words for it, for the log.
  const std::string& error_detail() const { return error_detail_; }

  // After the handshake:
  TlsDetails details() const;
  // Agreed on with ALPN; empty: the client offered none.
  std::string_view protocol() const;
  bool resumed() const;

  // Only for the callbacks of OpenSSL.
  const ServerContext& context() const { return *context_; }
  TimePoint now() const { return now_; }

 private:
  // The bytes on both sides of OpenSSL.
  struct Transport {
    std::string_view input;
    std::string output;
  };
  static BIO* make_bio(Transport& transport);

  void shake_hands();
  void read(std::string& plaintext);
  void fail();

  const std::shared_ptr<const ServerContext> context_;
  Transport transport_;
  SslPtr ssl_;
  State state_ = State::handshake;
  bool closed_ = false;
  Error error_ = Error::malformed;
  std::string error_detail_;
  TimePoint now_;
};

}  // namespace sioserve::tls
