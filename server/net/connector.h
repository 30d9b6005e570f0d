// Connects to a server without blocking the loop: libuv's thread pool resolves the name, and its
// addresses are tried one after the other. Lives on the loop's thread.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/file_descriptor.h"
#include "server/base/result.h"
#include "server/net/connect_target.h"
#include "server/net/loop.h"
#include "server/net/stream.h"
#include "server/net/timer.h"
#include "server/net/uv_handle.h"

namespace sioserve::net {

class Connector {
 public:
  using Connected = Result<std::unique_ptr<Stream>, std::string>;

  // `done` gets the stream, or the reason of the last attempt. It is never called within connect(),
  // and may destroy the connector.
  Connector(Loop& loop, std::function<void(Connected)> done);
  // Cancels.
  ~Connector();
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;

  // Cancels an earlier call. `timeout` is for each address.
  void connect(const ConnectTarget& target, Milliseconds timeout);
  void cancel();

 private:
  struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;
  };
  struct Lookup;

  void resolve(const TcpTarget& target);
  void on_resolved(int error, const addrinfo* found);
  void add_unix_address(const std::string& path);
  void try_next();
  void watch();
  void on_writable();
  void on_timer();
  void succeed();
  void fail();

  Loop& loop_;
  std::function<void(Connected)> done_;
  Timer timer_;  // starts the first attempt at a Unix socket, and limits the others
  Milliseconds timeout_{0};
  Lookup* lookup_ = nullptr;  // belongs to libuv; null: none is running
  std::vector<SocketAddress> addresses_;
  std::size_t next_ = 0;  // index in addresses_
  std::string error_;     // of the latest attempt
  FileDescriptor socket_;
  UvHandle<uv_poll_t> poll_;  // closed before socket_
};

}  // namespace sioserve::net
