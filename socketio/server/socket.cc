#include "socketio/server/socket.h"

#include <utility>

#include "server/base/random_id.h"
#include "socketio/parser/encoder.h"

namespace sioserve::socketio {

Socket::Socket(SocketId id, Namespace& name_space, Client& client, engine::Session& session,
               const SocketIoConfig& config, Limits& limits)
    : id_(id),
      public_id_(random_id()),
      namespace_(name_space),
      client_(client),
      session_(session),
      config_(config),
      limits_(limits) {
  namespace_.adapter->add(*this);
}

Socket::~Socket() { namespace_.adapter->remove(*this); }

void Socket::accept() {
  pending_ = false;
  send_now(parser::encode_connect(namespace_.name, public_id_));
  for (const parser::EncodedPacket& packet : std::exchange(kept_, {})) send_now(packet);
}

void Socket::emit(EncodedArgs args, std::optional<std::uint64_t> callback_id, Delivery delivery) {
  // Nobody will answer what is not sent.
  if (drops(delivery)) return;
  std::optional<std::uint64_t> wire_id;
  if (callback_id) {
    if (callbacks_.size() == config_.max_pending_acks) forget_oldest_callback();
    wire_id = next_wire_id_++;
    callbacks_.emplace(*wire_id, *callback_id);
  }
  deliver(parser::encode_event(namespace_.name, std::move(args), wire_id), delivery);
}

void Socket::deliver(const parser::EncodedPacket& packet, Delivery delivery) {
  if (drops(delivery)) return;
  if (!pending_) return send_now(packet);
  if (late_close_ != LateClose::none) return;
  kept_.push_back(packet);
  kept_bytes_ += packet.text->size();
  for (const SharedBytes& attachment : packet.attachments) kept_bytes_ += attachment->size();
  if (kept_bytes_ > config_.max_queued_bytes) session_.drop_slow_consumer();
}

void Socket::ack(std::uint64_t ack_id, EncodedArgs args) {
  if (!pending_) send_now(parser::encode_ack(namespace_.name, std::move(args), ack_id));
}

void Socket::send_now(const parser::EncodedPacket& packet) {
  session_.send(packet.text, packet.attachments);
}

std::optional<std::uint64_t> Socket::take_callback(std::uint64_t wire_id) {
  const auto found = callbacks_.find(wire_id);
  if (found == callbacks_.end()) return std::nullopt;
  const std::uint64_t callback = found->second;
  callbacks_.erase(found);
  return callback;
}

bool Socket::drops(Delivery delivery) {
  if (delivery == Delivery::reliable || (!pending_ && session_.is_writable())) return false;
  limits_.counters().add(Counter::volatile_dropped);
  return true;
}

void Socket::forget_oldest_callback() {
  callbacks_.erase(callbacks_.begin());
  limits_.reached(Limit::pending_acks, "socket " + public_id_ + " of namespace " + namespace_.name);
}

}  // namespace sioserve::socketio
