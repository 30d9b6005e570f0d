// The TLS handshake at the start of a connection; HTTP follows.
//
// States: waiting for the ClientHello, when the connection has no TLS session yet and costs only
// the bytes that have arrived; waiting for a place among the handshakes under way; the handshake
// itself; ended. A request without TLS gets an answer that says what is wrong. RFC 8446.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "server/connection/connection.h"
#include "server/connection/handshake_queue.h"
#include "server/connection/protocol.h"
#include "server/tls/session.h"

namespace sioserve::connection {

class TlsHandshake final : public Protocol, private HandshakeQueue::Waiter {
 public:
  // `input`: bytes that have already arrived.
  explicit TlsHandshake(Connection& connection, std::string input = {});

  void on_read(std::string_view bytes) override;
  void on_end() override;
  void on_drain() override {}
  void on_broken() override { client_has_left(); }
  void begin_stop() override { connection_.close(); }
  void on_deadline() override;
  void advance() override;
  TimePoint deadline() const override { return deadline_; }

 private:
  void on_place(HandshakeQueue::Place place) override;
  void look_at_opening();
  void begin();
  void shake_hands(std::string_view bytes);
  void succeed(std::string plaintext);
  void fail();
  // In the middle of the handshake: many clients do so that do not trust the certificate.
  void client_has_left();
  void answer_plain_http();
  void has_failed(std::string_view reason) const;
  Context& context() const { return connection_.context(); }

  Connection& connection_;
  std::string input_;            // before the session exists
  HandshakeQueue::Place place_;  // null: waiting, or ended
  std::unique_ptr<tls::Session> session_;
  bool ended_ = false;
  TimePoint deadline_;
};

}  // namespace sioserve::connection
