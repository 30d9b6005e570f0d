#include "socketio/server/socket.h"

#include <algorithm>
#include <utility>

#include "server/base/random_id.h"
#include "socketio/server/dialect.h"

namespace sioserve::socketio {
namespace {

// A handler may still run while its client disconnects and recovers several times. Its commands
// still work after this many recoveries.
constexpr std::size_t max_former_ids = 8;

// All missed events are queued when the client has been recovered. A small event takes twice as
// many bytes in the outbox as in the log.
std::size_t max_missed(const SocketIoConfig& config) {
  return std::min(config.recovery_buffer, config.max_queued_bytes / 2);
}

}  // namespace

Socket::Socket(SocketId id, Namespace& name_space, Client& client, engine::Session& session,
               const SocketIoConfig& config, Limits& limits, EventEncoder& encoder,
               Recovery* recovery)
    : Recipient(id, make_socket_id(session, name_space.name)),
      namespace_(name_space),
      client_(&client),
      session_(&session),
      config_(config),
      limits_(limits),
      encoder_(encoder),
      recovery_(recovery) {
  namespace_.adapter->add(*this);
  // Protocol 3 does not have connection state recovery.
  if (recovery && session.protocol() == engine::Protocol::v4) {
    recoverable_ = std::make_unique<Recoverable>(Recoverable{
        random_id(), ReplayLog(recovery->last_offset(), max_missed(config)), std::nullopt});
    recovery->add(*this);
  }
}

Socket::~Socket() {
  if (!pending_) --namespace_.connected;
  if (was_accepted_) --namespace_.accepted;
  if (!is_parked()) take_kept();
  namespace_.adapter->remove(*this);
  if (recoverable_) recovery_->remove(*this);
}

void Socket::set_relays(std::shared_ptr<const Relays> relays) {
  relayer_ = relays ? std::make_unique<Relayer>(std::move(relays)) : nullptr;
}

void Socket::accept(std::shared_ptr<const Relays> relays) {
  pending_ = false;
  ++namespace_.connected;
  if (!std::exchange(was_accepted_, true)) ++namespace_.accepted;
  set_relays(std::move(relays));
  const engine::Protocol protocol = session_->protocol();
  send_now(encoder_.codec().encode_connect(
      namespace_.name,
      connect_payload(protocol, public_id(), recoverable_ ? pid() : std::string_view())));
  if (recoverable_) recoverable_->announced = true;
  for (const Kept& kept : take_kept()) send(kept.packet, kept.importance);
}

std::optional<Socket::LostAck> Socket::emit(EncodedArgs args,
                                            std::optional<std::uint64_t> callback_id,
                                            Delivery delivery, Compression compression) {
  const bool dropped = drops(delivery);
  if (!callback_id) {
    if (!dropped) {
      deliver_reliably(encoder_.encode(namespace_.name, std::move(args), delivery, compression));
    }
    return std::nullopt;
  }
  if (dropped || is_parked()) return LostAck{*callback_id, AckLoss::not_sent};
  const auto forgotten = forget_oldest_callback();
  const std::uint64_t wire_id = next_wire_id_++;
  callbacks_.emplace(wire_id, *callback_id);
  auto packet = encoder_.codec().encode_event(namespace_.name, std::move(args), wire_id);
  packet.compression = compression;
  // An event with an acknowledgement must not be dropped.
  send(packet, engine::Importance::required);
  return forgotten;
}

void Socket::deliver(const parser::EncodedPacket& packet, Delivery delivery) {
  if (!drops(delivery)) deliver_reliably(packet);
}

void Socket::deliver_to(std::span<Recipient* const> sockets, const parser::EncodedPacket& packet,
                        Delivery delivery) {
  switch (delivery) {
    case Delivery::reliable:
      for (Recipient* socket : sockets) static_cast<Socket*>(socket)->deliver_reliably(packet);
      return;
    case Delivery::droppable:
      for (Recipient* socket : sockets) static_cast<Socket*>(socket)->deliver(packet, delivery);
      return;
  }
}

inline void Socket::deliver_reliably(const parser::EncodedPacket& packet) {
  if (pending_) return deliver_later(packet);
  session_->send(packet.kind, packet.message, packet.attachments,
                 {engine::Importance::expendable, packet.compression});
  if (recoverable_) record(packet);
}

void Socket::deliver_later(const parser::EncodedPacket& packet) {
  if (late_close_ != LateClose::none) return;
  if (!is_parked()) keep({packet, engine::Importance::expendable});
  if (recoverable_) record(packet);
}

void Socket::send(const parser::EncodedPacket& packet, engine::Importance importance) {
  if (!pending_) {
    return session_->send(packet.kind, packet.message, packet.attachments,
                          {importance, packet.compression});
  }
  if (late_close_ == LateClose::none) keep({packet, importance});
}

void Socket::keep(Kept kept) {
  const std::size_t before = kept_bytes_;
  kept_bytes_ += kept_.emplace_back(std::move(kept)).packet.size() + engine::Outbox::overhead;
  session_->change_kept(before, kept_bytes_);
  if (kept_bytes_ > config_.max_queued_bytes) session_->drop_slow_consumer(Limit::queued_bytes);
}

std::vector<Socket::Kept> Socket::take_kept() {
  if (kept_bytes_ != 0) session_->change_kept(std::exchange(kept_bytes_, 0), 0);
  return std::exchange(kept_, {});
}

void Socket::ack(std::uint64_t ack_id, EncodedArgs args) {
  if (!pending_) send_now(encoder_.codec().encode_ack(namespace_.name, std::move(args), ack_id));
}

void Socket::send_now(const parser::EncodedPacket& packet) {
  session_->send(packet.kind, packet.message, packet.attachments, {engine::Importance::required});
}

std::optional<std::uint64_t> Socket::take_callback(std::uint64_t wire_id) {
  const auto found = callbacks_.find(wire_id);
  if (found == callbacks_.end()) return std::nullopt;
  const std::uint64_t callback = found->second;
  callbacks_.erase(found);
  return callback;
}

std::vector<std::uint64_t> Socket::take_callbacks() {
  std::vector<std::uint64_t> taken;
  for (const auto& [wire_id, callback] : std::exchange(callbacks_, {})) taken.push_back(callback);
  return taken;
}

bool Socket::drops(Delivery delivery) {
  if (delivery == Delivery::reliable || (!pending_ && session_->is_writable())) return false;
  limits_.counters().add(Counter::volatile_dropped);
  return true;
}

std::optional<Socket::LostAck> Socket::forget_oldest_callback() {
  if (callbacks_.size() < config_.max_pending_acks) return std::nullopt;
  const LostAck oldest{callbacks_.begin()->second, AckLoss::forgotten};
  callbacks_.erase(callbacks_.begin());
  limits_.reached(Limit::pending_acks, log_name());
  return oldest;
}

std::string Socket::log_name() const {
  return "socket " + public_id() + " of namespace " + namespace_.name;
}

// --- recovery ---

bool Socket::can_be_parked() const {
  return recoverable_ && recoverable_->announced && late_close_ == LateClose::none;
}

void Socket::park() {
  take_kept();
  client_ = nullptr;
  session_ = nullptr;
  if (!pending_) --namespace_.connected;
  pending_ = true;
  in_flight = {};
  callbacks_.clear();
  recoverable_->sent_before_ping.reset();
  recoverable_->parked_at = recovery_->last_offset();
}

std::optional<SocketId> Socket::resume(SocketId id, Client& client, engine::Session& session,
                                       std::optional<parser::Offset> received) {
  std::optional<SocketId> given_up;
  if (former_ids_.size() == max_former_ids) {
    given_up = former_ids_.front();
    former_ids_.erase(former_ids_.begin());
  }
  former_ids_.push_back(std::exchange(id_, id));
  client_ = &client;
  session_ = &session;
  if (received) recoverable_->log.forget_through(*received);
  recoverable_->log.for_each([this](const parser::RecordedPacket& missed) {
    keep({{missed.message, missed.attachments, nullptr, missed.kind, missed.compression},
          engine::Importance::expendable});
  });
  return given_up;
}

void Socket::mark_sent() {
  if (recoverable_ && !pending_) recoverable_->sent_before_ping = recovery_->last_offset();
}

void Socket::forget_received() {
  if (!recoverable_ || !recoverable_->sent_before_ping) return;
  recoverable_->log.forget_through(*std::exchange(recoverable_->sent_before_ping, std::nullopt));
}

void Socket::record(const parser::EncodedPacket& packet) {
  if (!packet.record) return;
  ReplayLog& log = recoverable_->log;
  const std::size_t before = log.bytes();
  log.push(packet.record);
  if (is_parked()) {
    recovery_->log_changed(before, log.bytes());
    if (log.floor() > recoverable_->parked_at) recovery_->give_up(*this);
  } else if (!pending_ && log.bytes() > log.capacity() / 2) {
    session_->ask_for_pong();
  }
}

}  // namespace sioserve::socketio
