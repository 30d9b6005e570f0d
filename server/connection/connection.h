// One accepted socket: owns the stream and the current protocol, which can be replaced (HTTP by
// WebSocket, both by the lingering close).
//
// Every event of the stream becomes a call of the protocol, followed by advance(). After calls that
// handlers make outside of such an event, advance() is called at the end of the loop iteration, so
// that callbacks are never made from within a call. The connection manager destroys the connection
// some time after it has closed. Lives on the I/O thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string_view>
#include <utility>

#include "server/base/clock.h"
#include "server/base/count.h"
#include "server/base/http_values.h"
#include "server/connection/carrier.h"
#include "server/connection/context.h"
#include "server/connection/protocol.h"
#include "server/connection/service.h"
#include "server/net/deferred_queue.h"
#include "server/net/stream.h"
#include "server/tls/session.h"

namespace sioserve::connection {

class Connection;

enum class Admission { admitted, turned_away };

class ConnectionOwner {
 public:
  // May destroy the connection, but not within the call.
  virtual void on_connection_closed(Connection& connection) = 0;
  // The limit on connections is reached: an idle connection may be closed for the new one.
  virtual void make_room() = 0;
  // No request is in progress: the client keeps the connection for its next request; or the
  // connection is in use again.
  virtual void on_connection_idle(Connection& connection) = 0;
  virtual void on_connection_busy(Connection& connection) = 0;

 protected:
  ~ConnectionOwner() = default;
};

class Connection final : public Carrier, private net::StreamListener, private net::DeferredTask {
 public:
  Connection(Context& context, ConnectionOwner& owner, std::unique_ptr<net::Stream> stream,
             SharedEndpoints peers, Service service);

  // For the owner. Call it first; a client above a limit gets a response and the connection is
  // closed.
  void admit();
  void begin_stop();
  void close_now();
  void sweep(TimePoint now);

  // Of the connection itself, without proxy headers.
  const SharedEndpoints& peers() const { return peers_; }
  // The client that a proxy reported. If it has too many connections, this one gets a response and
  // is about to close.
  Admission set_peers(SharedEndpoints peers);
  // The TLS handshake is complete: from now on stream() and the protocol's input are plaintext.
  void encrypt(std::unique_ptr<tls::Session> session);
  // Between two requests, with no work left.
  void set_idle();
  void set_busy();
  // The state has changed: advance() must run.
  void touch() override;
  // Takes effect when the running protocol function has returned.
  void replace_protocol(std::unique_ptr<Protocol> next);
  void end(ConnectionEnd how, const SharedEndpoints& endpoints) override;
  void close();
  // A file that is being sent has become too short, or cannot be read.
  void report_file_failure(const OpenFile& file, std::string_view reason) const;

  // For the owner: the connection's place in the owner's list.
  std::size_t index = 0;
  std::list<Connection*>::iterator place{};

 private:
  void on_read(std::string_view bytes) override;
  void on_end() override;
  void on_drain() override;
  void on_file_failed(const OpenFile& file, std::string_view reason) override {
    report_file_failure(file, reason);
  }
  void on_broken() override;
  void on_turn_end() override;

  Admission admit_address();
  void refuse_over_limit(std::uint16_t status);

  template <typename Event>
  void dispatch(Event event);

  ConnectionOwner& owner_;
  std::unique_ptr<net::Stream> owned_stream_;
  SharedEndpoints peers_;
  Count::Ticket ticket_;
  AddressCounts::Ticket address_ticket_;
  std::unique_ptr<Protocol> protocol_;
  std::unique_ptr<Protocol> next_protocol_;
  bool dispatching_ = false;
  bool idle_ = false;
  bool closed_ = false;
};

}  // namespace sioserve::connection
