// One client in one namespace.
//
// pending (the application has not answered its CONNECT; packets that are emitted to it are kept)
// -> connected -> destroyed. Owned by its Client.
//
// With connection state recovery (recovery.h): connected -> parked -> pending. A parked socket has
// lost its session and belongs to Recovery; it stays in its rooms and records events. When its
// client is recovered it gets another id, and commands for the old id still reach it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "server/base/config.h"
#include "server/port/messages.h"
#include "socketio/engine/session.h"
#include "socketio/limits/limits.h"
#include "socketio/parser/codec.h"
#include "socketio/parser/packet.h"
#include "socketio/server/adapter.h"
#include "socketio/server/event_encoder.h"
#include "socketio/server/in_flight.h"
#include "socketio/server/recovery.h"
#include "socketio/server/relayer.h"
#include "socketio/server/replay_log.h"

namespace sioserve::socketio {

// A dynamic namespace is created when a client asks for it, and exists as long as it has sockets.
enum class Lifetime { permanent, dynamic };

struct Namespace {
  std::string name;
  Lifetime lifetime;
  std::unique_ptr<Adapter> adapter;
  // Of its sockets, those that the application has accepted; of these, those that are connected.
  std::size_t accepted = 0;
  std::size_t connected = 0;
};

class Client;

class Socket final : public Recipient {
 public:
  // Adds itself to the namespace's adapter; removes itself in the destructor. `recovery`: null if
  // it is not enabled.
  Socket(SocketId id, Namespace& name_space, Client& client, engine::Session& session,
         const SocketIoConfig& config, Limits& limits, EventEncoder& encoder, Recovery* recovery);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  Namespace& name_space() const { return namespace_; }
  // Not for a parked socket.
  Client& client() const { return *client_; }
  bool is_pending() const { return pending_; }
  std::string log_name() const;

  // Answers CONNECT, then sends the kept packets. `relays` may be null.
  void accept(std::shared_ptr<const Relays> relays);
  void set_relays(std::shared_ptr<const Relays> relays);
  // Null: none of its events are relayed.
  Relayer* relayer() const { return relayer_.get(); }

  struct LostAck {
    std::uint64_t callback_id;
    AckLoss why;
  };
  // The acknowledgement that will not come: this one, or an older one.
  [[nodiscard]] std::optional<LostAck> emit(EncodedArgs args,
                                            std::optional<std::uint64_t> callback_id,
                                            Delivery delivery, Compression compression);
  // An event without an acknowledgement.
  void deliver(const parser::EncodedPacket& packet, Delivery delivery);
  // The same for each of these sockets; called by an adapter.
  static void deliver_to(std::span<Recipient* const> sockets, const parser::EncodedPacket& packet,
                         Delivery delivery);
  void ack(std::uint64_t ack_id, EncodedArgs args);
  // Before the kept packets: for packets of the protocol itself.
  void send_now(const parser::EncodedPacket& packet);

  // The callback for this acknowledgement; nullopt if there is none.
  std::optional<std::uint64_t> take_callback(std::uint64_t wire_id);
  bool has_pending_ack() const { return !callbacks_.empty(); }
  // Removes and returns all pending callbacks.
  std::vector<std::uint64_t> take_callbacks();

  // A disconnect that the application requested before it answered CONNECT: it is done after
  // accept(), and nothing is emitted after it.
  enum class LateClose { none, socket, session };
  LateClose late_close() const { return late_close_; }
  void close_late(LateClose close) { late_close_ = close; }

  InFlight in_flight;

  struct HeldPacket {
    parser::Packet packet;
    std::size_t bytes;  // received for it
  };
  // Received while pending, in order; exactly these packets are in flight then.
  std::vector<HeldPacket> held;

  // --- recovery; all but the first three only if it is enabled ---

  bool is_parked() const { return client_ == nullptr; }
  // The ids that it had before; only the latest ones.
  const std::vector<SocketId>& former_ids() const { return former_ids_; }
  std::size_t log_bytes() const { return recoverable_ ? recoverable_->log.bytes() : 0; }

  const std::string& pid() const { return recoverable_->pid; }
  // Whether its client knows the pid, and the application has not disconnected it.
  bool can_be_parked() const;
  void park();
  // Whether all events after the last one that the client received are kept.
  bool can_resume(std::optional<parser::Offset> received) const {
    return recoverable_->log.can_resume(received);
  }
  // The client of this parked socket has reconnected: the socket is pending again, with another id.
  // The missed events are kept for it. Returns the former id that is removed, if any.
  std::optional<SocketId> resume(SocketId id, Client& client, engine::Session& session,
                                 std::optional<parser::Offset> received);
  // The next pong confirms everything that was sent so far.
  void mark_sent();
  void forget_received();

 private:
  struct Recoverable {
    std::string pid;
    ReplayLog log;
    std::optional<parser::Offset> sent_before_ping;
    bool announced = false;      // the client knows the pid
    parser::Offset parked_at{};  // the last event before it was parked
  };

  void deliver_reliably(const parser::EncodedPacket& packet);
  void deliver_later(const parser::EncodedPacket& packet);
  void record(const parser::EncodedPacket& packet);
  struct Kept {
    parser::EncodedPacket packet;
    engine::Importance importance;
  };
  void keep(Kept kept);
  std::vector<Kept> take_kept();
  bool drops(Delivery delivery);
  void send(const parser::EncodedPacket& packet, engine::Importance importance);
  std::optional<LostAck> forget_oldest_callback();

  Namespace& namespace_;
  Client* client_;  // null while parked, like the session
  engine::Session* session_;
  const SocketIoConfig& config_;
  Limits& limits_;
  EventEncoder& encoder_;
  Recovery* const recovery_;
  std::unique_ptr<Recoverable> recoverable_;  // null if recovery is off
  std::vector<SocketId> former_ids_;

  std::unique_ptr<Relayer> relayer_;
  bool pending_ = true;
  bool was_accepted_ = false;
  LateClose late_close_ = LateClose::none;
  std::vector<Kept> kept_;
  std::size_t kept_bytes_ = 0;

  std::uint64_t next_wire_id_ = 0;
  std::map<std::uint64_t, std::uint64_t> callbacks_;  // ack id on the wire -> callback
};

}  // namespace sioserve::socketio
