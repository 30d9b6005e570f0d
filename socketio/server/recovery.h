// Connection state recovery, as clients of socket.io 4.6 and later know it.
//
// The answer to CONNECT carries, beside the id, a private id (pid) that only this client knows.
// Each event without an acknowledgement has its offset as a last argument, a string; the client
// remembers the latest. A socket keeps the events that its client may not have (replay_log.h);
// pongs tell what it has. When the client is cut off, its socket is parked: it stays in its rooms
// and goes on recording. The client comes back with {"pid", "offset"} in its CONNECT: the parked
// socket is its socket again, and what it missed follows the answer. After recovery_window, or when
// a limit is reached, a parked socket is given up.
//
// Lives on the I/O thread; owned by Server, which owns what else knows about a socket, and makes
// one only where recovery is on. EventEncoder numbers the events.
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

// What a client that comes back says.
struct RecoveryRequest {
  std::string pid;
  std::optional<parser::Offset> received;  // nullopt: no event
};

// Takes it out of a CONNECT's payload, which is the application's business otherwise. Nullopt:
// there is none, or one that can't be meant.
std::optional<RecoveryRequest> take_recovery_request(ReceivedValue& payload);

class Recovery {
 public:
  // They outlive this object.
  Recovery(const SocketIoConfig& config, const EventEncoder& encoder, Limits& limits);
  ~Recovery();

  static bool is_on(const SocketIoConfig& config) {
    return config.recovery_window > Milliseconds(0);
  }
  // Of the events so far.
  parser::Offset last_offset() const { return encoder_.last_offset(); }

  // --- sockets that have a pid, parked or not ---

  void add(Socket& socket);
  void remove(const Socket& socket);
  Socket* find(const std::string& pid) const;

  // --- parked ones ---

  void park(std::unique_ptr<Socket> socket);
  std::unique_ptr<Socket> take(Socket& parked);
  // The log of a parked socket has changed.
  void log_changed(std::size_t bytes_before, std::size_t bytes_now);
  // A parked socket has lost an event that its client does not have.
  void give_up(Socket& parked) { given_up_.insert(&parked); }

  // Those whose time is over.
  std::vector<std::unique_ptr<Socket>> take_expired(TimePoint now);
  // Those that are too many, or for which too much is kept.
  std::vector<std::unique_ptr<Socket>> take_excess();

 private:
  struct Parked {
    std::unique_ptr<Socket> socket;
    std::optional<TimePoint> deadline;  // set at the next tick
  };
  using ParkedList = std::list<Parked>;  // those away the longest first

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
