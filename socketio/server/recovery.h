// Connection state recovery, for clients of socket.io 4.6 and later.
//
// The answer to CONNECT contains, in addition to the id, a private id (pid) that only this client
// knows. Each event without an acknowledgement has its offset as its last argument, a string; the
// client remembers the latest one. A socket keeps the events that its client may not have received
// (replay_log.h); pongs confirm received events. When the client loses its connection, its socket
// is parked: it stays in its rooms and still records events. When the client reconnects with
// {"pid", "offset"} in its CONNECT, it gets the parked socket back, and the missed events follow
// the answer. A parked socket is destroyed after recovery_window, or when a limit is reached.
//
// Lives on the I/O thread. Owned by Server, which owns the other tables of sockets and creates a
// Recovery only if it is enabled. EventEncoder numbers the events.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "server/base/clock.h"
#include "server/base/config.h"
#include "server/port/messages.h"
#include "socketio/limits/limits.h"
#include "socketio/parser/packet.h"
#include "socketio/server/event_encoder.h"

namespace sioserve::socketio {

class Socket;

// The request of a client that reconnects.
struct RecoveryRequest {
  std::string pid;
  std::optional<parser::Offset> received;  // nullopt: no event received
};

// Removes the request from a CONNECT's payload; the rest is for the application. Nullopt if there
// is none, or an invalid one.
std::optional<RecoveryRequest> take_recovery_request(ReceivedValue& payload);

class Recovery {
 public:
  // The arguments outlive this object.
  Recovery(const SocketIoConfig& config, const EventEncoder& encoder, Limits& limits);
  ~Recovery();

  static bool is_on(const SocketIoConfig& config) {
    return config.recovery_window > Milliseconds(0);
  }
  // The offset of the latest event.
  parser::Offset last_offset() const { return encoder_.last_offset(); }

  // --- sockets that have a pid, parked or not ---

  void add(Socket& socket);
  void remove(const Socket& socket);
  Socket* find(const std::string& pid) const;

  // --- parked sockets ---

  void park(std::unique_ptr<Socket> socket);
  std::unique_ptr<Socket> take(Socket& parked);
  // The log of a parked socket has changed.
  void log_changed(std::size_t bytes_before, std::size_t bytes_now);
  // A parked socket has lost an event that its client does not have.
  void give_up(Socket& parked) { given_up_.insert(&parked); }

  // The sockets whose recovery_window is over.
  std::vector<std::unique_ptr<Socket>> take_expired(TimePoint now);
  // The sockets above the limits on their number or on the kept bytes.
  std::vector<std::unique_ptr<Socket>> take_excess();

 private:
  struct Parked {
    std::unique_ptr<Socket> socket;
    std::optional<TimePoint> deadline;  // set at the next tick
  };
  using ParkedList = std::list<Parked>;  // the longest parked first

  std::unique_ptr<Socket> take(ParkedList::iterator place);
  std::unique_ptr<Socket> take_for(Limit limit, ParkedList::iterator place);

  const SocketIoConfig& config_;
  const EventEncoder& encoder_;
  Limits& limits_;
  std::unordered_map<std::string, Socket*> by_pid_;
  std::unordered_map<const Socket*, ParkedList::iterator> places_;
  std::unordered_set<Socket*> given_up_;
  std::size_t parked_bytes_ = 0;
  ParkedList parked_;
};

}  // namespace sioserve::socketio
