#include "socketio/server/client.h"

#include <algorithm>
#include <utility>

#include "server/base/log_debug.h"
#include "socketio/parser/json_tree.h"
#include "socketio/server/dialect.h"
#include "socketio/server/server.h"

namespace sioserve::socketio {
namespace {

using engine::CloseReason;

constexpr std::string_view invalid_namespace = R"({"message":"Invalid namespace"})";
constexpr std::string_view too_many_namespaces = R"({"message":"Too many namespaces"})";

// The minimum for a message: while an event waits for its handler, it takes more memory than its
// bytes.
constexpr std::size_t least_message = 256;

}  // namespace

Client::Client(Server& server, engine::Session& session, std::optional<SessionOpened> opened)
    : server_(server),
      session_(session),
      decoder_(server.codec().make_decoder()),
      opened_(opened ? std::make_unique<SessionOpened>(std::move(*opened)) : nullptr),
      known_to_application_(!opened_) {}

Client::~Client() {
  if (waits_for_drain_) server_.stop_waiting_for_drain(*this);
  set_stuck(std::nullopt);
  while (!sockets_.empty()) erase(*sockets_.begin()->second);
  server_.session_destroyed(session_.id());
}

void Client::on_open() {
  if (!joins_default_namespace(session_.protocol())) return;
  parser::Packet packet{
      parser::PacketType::connect, "/", std::nullopt, {PayloadFormat::json, "{}"}};
  connect("/", std::move(packet));
}

void Client::on_text(std::string_view message) {
  packet_bytes_ += message.size();
  count_read(message.size());
  receive(decoder_->decode_text(message));
}

void Client::on_binary(std::string message) {
  packet_bytes_ += message.size();
  count_read(message.size());
  receive(decoder_->decode_binary(std::move(message)));
}

void Client::on_ping() {
  for (const auto& [name, socket] : sockets_) socket->mark_sent();
}

void Client::on_pong() {
  for (const auto& [name, socket] : sockets_) socket->forget_received();
}

void Client::on_upgrade() {
  if (watches_upgrade_) {
    server_.events().push(SessionSignalled{session_.id(), SessionSignal::upgrade});
  }
}

void Client::on_peer_ended() {
  peer_ended_ = true;
  check_load();
}

bool Client::awaits_answers() const {
  if (events_in_flight_ > 0) return true;
  return std::any_of(sockets_.begin(), sockets_.end(),
                     [](const auto& entry) { return entry.second->is_pending(); });
}

void Client::on_drain() {
  if (watches_drain_) {
    server_.events().push(SessionSignalled{session_.id(), SessionSignal::drain});
  }
}

void Client::watch(SessionSignal signal) {
  switch (signal) {
    case SessionSignal::upgrade:
      watches_upgrade_ = true;
      if (session_.has_upgraded()) on_upgrade();
      return;
    case SessionSignal::drain:
      watches_drain_ = true;
      return;
  }
}

void Client::receive(DecodeResult decoded) {
  if (!decoded) {
    log_debug(server_.logger(), LogCategory::socketio,
              "malformed packet session=", std::uint64_t(session_.id()),
              " error=", parser::describe(decoded.error()));
    count(decoded.error());
    return session_.close(CloseReason::malformed_packet);
  }
  if (*decoded) return receive(std::move(**decoded), std::exchange(packet_bytes_, 0));
  // If the client is not in the namespace, attachments are not collected: the complete packet would
  // be refused.
  if (!sockets_.contains(decoder_->awaited_namespace())) {
    session_.close(CloseReason::missing_connect);
  }
}

void Client::count(parser::DecodeError error) {
  const std::string who = log_name();
  switch (error) {
    case parser::DecodeError::too_many_attachments:
      return server_.limits().reached(Limit::attachments, who);
    case parser::DecodeError::too_deep:
      return server_.limits().reached(Limit::json_depth, who);
    case parser::DecodeError::too_many_values:
      return server_.limits().reached(Limit::values, who);
    case parser::DecodeError::event_name_too_long:
      return server_.limits().reached(Limit::event_name, who);
    case parser::DecodeError::empty:
    case parser::DecodeError::unknown_type:
    case parser::DecodeError::bad_attachment_count:
    case parser::DecodeError::bad_namespace:
    case parser::DecodeError::bad_ack_id:
    case parser::DecodeError::bad_json:
    case parser::DecodeError::bad_msgpack:
    case parser::DecodeError::bad_payload:
    case parser::DecodeError::reserved_event:
    case parser::DecodeError::bad_placeholder:
    case parser::DecodeError::unexpected_text:
    case parser::DecodeError::unexpected_binary:
      return server_.limits().counters().add(Counter::bad_packets);
  }
}

void Client::receive(parser::Packet packet, std::size_t bytes) {
  const auto found = sockets_.find(packet.name_space);
  if (packet.type == parser::PacketType::connect) {
    if (found != sockets_.end()) return session_.close(CloseReason::unexpected_packet);
    std::string name_space = std::move(packet.name_space);
    packet.data = connect_auth(session_.protocol(), std::move(packet.data), packet.query);
    return connect(std::move(name_space), std::move(packet));
  }
  if (found == sockets_.end()) return session_.close(CloseReason::missing_connect);
  if (packet.type == parser::PacketType::connect_error) {
    return session_.close(CloseReason::unexpected_packet);
  }
  Socket& socket = *found->second;
  if (socket.is_pending()) return hold(socket, std::move(packet), bytes);
  switch (packet.type) {
    case parser::PacketType::connect:
    case parser::PacketType::connect_error:
      return;
    case parser::PacketType::disconnect:
      return remove(socket, CloseReason::client_disconnect);
    case parser::PacketType::event:
      return receive_event(socket, std::move(packet), bytes);
    case parser::PacketType::ack:
      return receive_ack(socket, std::move(packet));
  }
}

void Client::hold(Socket& socket, parser::Packet packet, std::size_t bytes) {
  log_debug(server_.logger(), LogCategory::socketio,
            "packet held until connect is answered socket=", std::uint64_t(socket.id()));
  add_in_flight(socket, bytes);
  socket.held.push_back({std::move(packet), bytes});
  check_load();
}

std::vector<Socket::HeldPacket> Client::take_held(Socket& socket) {
  auto held = std::exchange(socket.held, {});
  forget_in_flight(socket.in_flight.take(held.size()));
  return held;
}

void Client::receive_held_packets(Socket& socket) {
  receiving_held_ = true;
  // A packet may close the socket or the session.
  for (Socket::HeldPacket& held : take_held(socket)) {
    if (session_.is_open()) receive(std::move(held.packet), held.bytes);
  }
  receiving_held_ = false;
  check_load();
}

void Client::add_in_flight(Socket& socket, std::size_t bytes) {
  const InFlight::Amount before = socket.in_flight.total();
  socket.in_flight.add(bytes);
  ++events_in_flight_;
  bytes_in_flight_ += socket.in_flight.total().bytes - before.bytes;
}

void Client::receive_event(Socket& socket, parser::Packet packet, std::size_t bytes) {
  log_debug(server_.logger(), LogCategory::socketio,
            "event received socket=", std::uint64_t(socket.id()), " namespace=", packet.name_space,
            " bytes=", bytes);
  const Relay* const relay = socket.relayer() ? socket.relayer()->find(packet.event) : nullptr;
  if (relay) return forward(socket, *relay, std::move(packet));
  server_.limits().counters().add(Counter::events_received);
  add_in_flight(socket, bytes);
  server_.events().push(SocketEvent{socket.id(), std::move(packet.data), packet.ack_id});
  check_load();
}

void Client::forward(Socket& socket, const Relay& relay, parser::Packet packet) {
  EncodedArgs args = parser::to_encoded(std::move(packet.data));
  std::size_t bytes = args.json.size();
  for (const std::string& attachment : args.attachments) bytes += attachment.size();
  const TimePoint now = session_.now();
  std::string_view answer = "[]";
  switch (socket.relayer()->judge(relay, bytes, now)) {
    case Relayer::Verdict::forward: {
      server_.limits().counters().add(Counter::relayed);
      forward_to_others(socket, relay, args);
      const std::size_t reached =
          forward(socket, relay,
                  server_.encoder().encode(socket.name_space().name, std::move(args),
                                           relay.delivery, Compression::allowed));
      log_debug(server_.logger(), LogCategory::socketio,
                "event relayed socket=", std::uint64_t(socket.id()), " sockets=", reached);
      break;
    }
    case Relayer::Verdict::too_large:
      server_.limits().reached(Limit::relay_size, socket.log_name());
      answer = R"([{"error":"Too large"}])";
      break;
    case Relayer::Verdict::too_many:
      server_.limits().reached(Limit::relay_rate, socket.log_name());
      answer = R"([{"error":"Too many"}])";
      break;
  }
  if (packet.ack_id) socket.ack(*packet.ack_id, {std::string(answer), {}});
  const TimePoint ready = socket.relayer()->ready_at(relay, now);
  if (ready <= now) return;
  server_.limits().reached(Limit::relay_rate, socket.log_name());
  session_.throttle_until(ready);
}

void Client::forward_to_others(Socket& socket, const Relay& relay, const EncodedArgs& args) {
  OtherServers* const others = server_.others();
  if (!others) return;
  const std::vector<std::string> itself{socket.public_id()};
  const std::vector<std::string> nobody;
  const auto& except = relay.sender == Relay::Sender::left_out ? itself : nobody;
  const auto send = [&](const std::vector<std::string>& rooms) {
    others->broadcast(socket.name_space().name, {rooms, except}, args, relay.delivery,
                      Compression::allowed);
  };
  switch (relay.to) {
    case Relay::To::own_rooms:
      // No rooms would mean all clients.
      if (const auto rooms = socket.name_space().adapter->rooms_of(socket); !rooms.empty()) {
        send(rooms);
      }
      return;
    case Relay::To::name_space:
      return send({});
    case Relay::To::rooms:
      return send(relay.rooms);
  }
}

std::size_t Client::forward(Socket& socket, const Relay& relay,
                            const parser::EncodedPacket& packet) {
  Adapter& adapter = *socket.name_space().adapter;
  const SocketId itself[] = {socket.id()};
  const bool left_out = relay.sender == Relay::Sender::left_out;
  const auto except = left_out ? std::span<const SocketId>(itself) : std::span<const SocketId>();
  switch (relay.to) {
    case Relay::To::own_rooms:
      return adapter.broadcast_to_rooms_of(socket, relay.sender, packet, relay.delivery);
    case Relay::To::name_space:
      return adapter.broadcast({{}, {}, except}, packet, relay.delivery);
    case Relay::To::rooms:
      return adapter.broadcast({relay.rooms, {}, except}, packet, relay.delivery);
  }
  __builtin_unreachable();
}

void Client::connect(std::string name_space, parser::Packet packet) {
  const std::size_t most = server_.config().socket_io.max_namespaces;
  if (most != 0 && sockets_.size() >= most) {
    server_.limits().reached(Limit::namespaces, log_name());
    return refuse(name_space, too_many_namespaces);
  }
  auto [made, recovered] = server_.make_socket(name_space, *this, session_, packet.data);
  if (!made) {
    log_debug(server_.logger(), LogCategory::socketio,
              "connect to unknown namespace session=", std::uint64_t(session_.id()));
    return refuse(name_space, invalid_namespace);
  }
  session_.stop_connect_timeout();
  if (opened_) {
    known_to_application_ = true;
    server_.events().push(std::move(*std::exchange(opened_, nullptr)));
  }
  Socket& socket = *made;
  sockets_.emplace(name_space, std::move(made));
  log_debug(server_.logger(), LogCategory::socketio,
            "connect received session=", std::uint64_t(session_.id()),
            " socket=", std::uint64_t(socket.id()), " namespace=", name_space,
            " recovered=", recovered ? "yes" : "no");
  server_.events().push(SocketConnect{socket.id(), session_.id(), socket.public_id(),
                                      std::move(name_space), std::move(packet.data), recovered});
  check_load();
}

void Client::refuse(std::string_view name_space, std::string_view payload) {
  const auto error = server_.codec().encode_connect_error(name_space, std::string(payload));
  session_.send(error.kind, error.message, error.attachments, {engine::Importance::required});
}

std::string Client::log_name() const {
  return "session " + std::to_string(std::uint64_t(session_.id()));
}

void Client::receive_ack(Socket& socket, parser::Packet packet) {
  const auto callback = packet.ack_id ? socket.take_callback(*packet.ack_id) : std::nullopt;
  if (!callback) {
    log_debug(server_.logger(), LogCategory::socketio,
              "ack that nothing waits for socket=", std::uint64_t(socket.id()));
    return;
  }
  server_.limits().counters().add(Counter::acks_received);
  if ((*callback & callback_of_server) == 0) {
    server_.events().push(SocketAcknowledged{socket.id(), *callback, std::move(packet.data)});
  } else if (server_.others()) {
    server_.others()->acknowledged(*callback, packet.data);
  }
  check_load();
}

void Client::on_closed(CloseReason reason) {
  server_.limits().counters().count_close(engine::describe(reason));
  while (!sockets_.empty()) remove(*sockets_.begin()->second, reason);
  if (known_to_application_) server_.session_closed(session_);
}

void Client::accept(Socket& socket, std::shared_ptr<const Relays> relays) {
  log_debug(server_.logger(), LogCategory::socketio,
            "connect accepted socket=", std::uint64_t(socket.id()));
  socket.accept(std::move(relays));
  switch (socket.late_close()) {
    case Socket::LateClose::none:
      return receive_held_packets(socket);
    case Socket::LateClose::socket:
      return disconnect(socket);
    case Socket::LateClose::session:
      return close();
  }
}

void Client::refuse(Socket& socket, const std::string& payload) {
  log_debug(server_.logger(), LogCategory::socketio,
            "connect refused socket=", std::uint64_t(socket.id()));
  const bool ends_session = socket.late_close() == Socket::LateClose::session;
  socket.send_now(server_.codec().encode_connect_error(
      socket.name_space().name, refusal_payload(session_.protocol(), payload)));
  erase(socket);
  if (ends_session) return close();
  if (sockets_.empty()) session_.start_connect_timeout();
  check_load();
}

void Client::disconnect(Socket& socket) {
  if (socket.is_pending()) return socket.close_late(Socket::LateClose::socket);
  socket.send_now(server_.codec().encode_disconnect(socket.name_space().name));
  remove(socket, CloseReason::server_disconnect);
}

void Client::close() {
  while (!sockets_.empty()) {
    Socket& socket = *sockets_.begin()->second;
    if (!socket.is_pending())
      socket.send_now(server_.codec().encode_disconnect(socket.name_space().name));
    remove(socket, CloseReason::server_disconnect);
  }
  session_.close(CloseReason::server_close);
}

void Client::events_done(Socket& socket, std::size_t count) {
  forget_in_flight(socket.in_flight.take(count));
  set_stuck(std::nullopt);  // an event was handled, so the application is not stuck
  check_load();
}

void Client::app_queue_drained() {
  waits_for_drain_ = false;
  check_load();
}

void Client::remove(Socket& socket, CloseReason reason) {
  const SocketId id = socket.id();
  log_debug(server_.logger(), LogCategory::socketio,
            "socket disconnected socket=", std::uint64_t(id), " reason=", engine::describe(reason));
  // The same as for events that were already passed on: the application handles them after it has
  // accepted the client.
  for (Socket::HeldPacket& held : take_held(socket)) {
    if (held.packet.type != parser::PacketType::event) continue;
    server_.events().push(SocketEvent{id, std::move(held.packet.data), held.packet.ack_id});
  }
  const bool may_return = engine::is_recoverable(reason) && socket.can_be_parked();
  server_.events().push(SocketDisconnect{id, engine::describe(reason),
                                         engine::describe_as_reference(reason), may_return});
  if (may_return) {
    server_.park(release(socket));
  } else {
    server_.depart(release(socket));
  }
  check_load();
}

void Client::erase(Socket& socket) { server_.destroy(release(socket)); }

std::unique_ptr<Socket> Client::release(Socket& socket) {
  forget_in_flight(socket.in_flight.total());
  const auto found = sockets_.find(socket.name_space().name);
  std::unique_ptr<Socket> released = std::move(found->second);
  sockets_.erase(found);
  return released;
}

void Client::check_load() {
  // The held packets must be handled before the next input is read.
  if (!session_.is_open() || receiving_held_) return;
  if (session_.has_fault() && !awaits_answers()) return session_.answers_given();
  if (!waits_for_drain_ && server_.events().full(session_.id())) {
    waits_for_drain_ = true;
    server_.wait_for_drain(*this);
  }
  const bool overloaded = has_too_many_events();
  if (!overloaded) read_ahead_ = 0;
  const bool held = overloaded && !reads_ahead();
  // A full event queue does not count as stuck: it is emptied as soon as the application runs
  // again.
  const bool stuck = held && !waits_for_drain_ && has_pending_ack();
  set_stuck(stuck ? std::optional(stuck_since_.value_or(session_.now())) : std::nullopt);
  if (waits_for_drain_ || held) {
    session_.pause_reading();
  } else {
    session_.resume_reading();
  }
}

bool Client::has_too_many_events() const {
  // In the application, events take many times their bytes.
  return events_in_flight_ > server_.config().socket_io.max_events_in_flight ||
         bytes_in_flight_ > server_.config().engine_io.max_payload;
}

void Client::forget_in_flight(InFlight::Amount amount) {
  events_in_flight_ -= amount.events;
  bytes_in_flight_ -= amount.bytes;
}

bool Client::reads_ahead() const {
  return (peer_ended_ || has_pending_ack()) &&
         read_ahead_ <= server_.config().socket_io.max_read_ahead;
}

bool Client::has_pending_ack() const {
  return std::any_of(sockets_.begin(), sockets_.end(),
                     [](const auto& entry) { return entry.second->has_pending_ack(); });
}

void Client::count_read(std::size_t bytes) {
  if (has_too_many_events()) read_ahead_ += std::max(bytes, least_message);
}

void Client::set_stuck(std::optional<TimePoint> since) {
  if (since.has_value() != stuck_since_.has_value()) {
    if (since) {
      server_.watch_stuck(*this);
    } else {
      server_.unwatch_stuck(*this);
    }
  }
  stuck_since_ = since;
}

void Client::advance(TimePoint now) {
  if (!stuck_since_) return;
  if (deadline_after(*stuck_since_, server_.config().engine_io.ping_timeout) > now) return;
  for (const auto& [name, socket] : sockets_) {
    if (!socket->has_pending_ack()) continue;
    SocketAcksLost unread{socket->id(), socket->take_callbacks(), AckLoss::unread};
    server_.limits().reached(Limit::read_ahead, socket->log_name(), unread.callback_ids.size());
    server_.push_lost_acks(std::move(unread));
  }
  check_load();
}

}  // namespace sioserve::socketio
