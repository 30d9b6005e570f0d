// Owns all listeners and connections of one I/O thread.
//
// If the limit on connections is reached, the connection that has been idle the longest is closed
// for a new client.
//
// One coarse timer checks the timeouts of all connections. Lives on the I/O thread; may be created,
// and given its sockets, on another thread before the loop runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/base/access_record.h"
#include "server/base/config.h"
#include "server/base/counters.h"
#include "server/base/http_values.h"
#include "server/base/logger.h"
#include "server/connection/connection.h"
#include "server/connection/context.h"
#include "server/connection/service.h"
#include "server/connection/stream_handlers.h"
#include "server/net/file_watch.h"
#include "server/net/listener.h"
#include "server/net/listening_socket.h"
#include "server/net/loop.h"
#include "server/net/stream.h"
#include "server/net/timer.h"
#include "server/tls/files.h"

namespace sioserve::connection {

class ConnectionManager final : private ConnectionOwner, private net::DeferredTask {
 public:
  // All arguments must outlive the manager. `access_log`, `counters`: null for none.
  ConnectionManager(net::Loop& loop, Router& router, const Config& config, const Logger& logger,
                    AccessLog* access_log = nullptr, Counters* counters = nullptr);
  // Remaining connections are closed, and their handlers notified.
  ~ConnectionManager() override;

  // Called once, when --limit-max-requests is reached.
  void on_max_requests(std::function<void()> call) {
    context_.load.on_max_requests = std::move(call);
  }
  // Before the loop runs, if the settings have certificates: reads them, and watches their files.
  // The error is a sentence without its end.
  Result<std::monostate, std::string> load_certificates();
  bool has_certificates() const { return context_.tls != nullptr; }
  // No effect without load_certificates().
  void reload_certificates();

  // Starts to accept on this socket. Service::https needs load_certificates().
  void listen(net::ListeningSocket socket, Service service = Service::http);
  // Serves a stream that was accepted elsewhere.
  void serve(std::unique_ptr<net::Stream> stream, SharedEndpoints endpoints,
             Service service = Service::http);

  // New connections are refused, and responses are the last ones of their connections.
  void stop_accepting();
  // Stops accepting. Closes idle connections, each other connection after its current response, and
  // WebSockets with 1012. `on_empty` is called once, from the loop, when no connection is left.
  void begin_graceful_stop(std::function<void()> on_empty);
  // Closes all connections immediately; their handlers are notified.
  void close_all();

  std::size_t size() const { return connections_.size(); }
  // Those between two requests.
  std::size_t idle() const { return idle_.size(); }
  // Since the start.
  std::uint64_t accepted() const { return accepted_; }
  const Load& load() const { return context_.load; }

 private:
  void use_certificates(const tls::ServerFiles::Read& read);
  class Acceptor;

  void on_accept(FileDescriptor socket, Endpoints endpoints, Service service);
  void on_accept_paused(const std::string& reason);
  void on_connection_closed(Connection& connection) override;
  void make_room() override;
  void on_connection_idle(Connection& connection) override;
  void on_connection_busy(Connection& connection) override;
  void on_turn_end() override;
  void sweep();
  void rest();

  template <typename Visit>
  void visit(Visit visit);

  net::Loop& loop_;
  const Logger& logger_;
  Context context_;
  net::Timer sweep_timer_;
  std::unique_ptr<net::FileWatch> certificates_;  // null: there are none
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::list<Connection*> idle_;      // since the longest first
  std::list<Connection*> busy_;      // the others, in any order
  std::vector<Connection*> closed_;  // to be destroyed at the end of the turn
  std::function<void()> on_empty_;
  std::uint64_t accepted_ = 0;
};

}  // namespace sioserve::connection
