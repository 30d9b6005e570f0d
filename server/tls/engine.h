// One end of a TLS connection: OpenSSL between two buffers, for clients and servers.
//
// Bytes of the socket go into receive(), which gives plaintext; plaintext goes into send(); what
// must be sent to the peer is in take_output(). States: handshake, until this end has finished it;
// open; ended by the peer's close_notify, after which send() still works; failed, after which only
// take_output() makes sense, because it has the alert for the peer.
//
// Does not know sockets or clocks. RFC 8446, RFC 5246.
#pragma once

#include <string>
#include <string_view>

#include "server/tls/openssl_handles.h"

namespace sioserve::tls {

// Lives on the I/O thread.
class Engine {
 public:
  enum class State { handshake, open, ended, failed };

  // `ssl`: in the state for accepting or for connecting.
  explicit Engine(SslPtr ssl);
  virtual ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Once, before receive(): makes the first message of a client.
  void start();
  // Takes all of `ciphertext`. Appends to `plaintext`.
  void receive(std::string_view ciphertext, std::string& plaintext);
  // In the states open and ended; ignored after close().
  void send(std::string_view plaintext);
  // Sends close_notify: nothing is sent after that.
  void close();
  // What is to be sent to the peer since the last call.
  std::string take_output();
  bool has_output() const { return !transport_.output.empty(); }

  State state() const { return state_; }
  // In the state failed: the code of OpenSSL's error queue, which may be 0.
  unsigned long error_code() const { return error_code_; }
  // OpenSSL's words for it: what is wrong with the peer's certificate, or with the rest.
  const std::string& error_detail() const { return error_detail_; }
  // A sentence's end with both, for example "certificate verify failed: hostname mismatch".
  std::string failure() const;

  // For what only one side has.
  SSL* ssl() const { return ssl_.get(); }

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

  Transport transport_;
  const SslPtr ssl_;
  State state_ = State::handshake;
  bool closed_ = false;
  unsigned long error_code_ = 0;
  std::string error_detail_;
};

}  // namespace sioserve::tls
