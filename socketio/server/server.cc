#include "socketio/server/server.h"

#include <utility>

#include "server/base/log_debug.h"
#include "socketio/server/memory_adapter.h"

namespace sioserve::socketio {

Server::Server(const Config& config, EventSink& events, const Logger& logger, Limits& limits)
    : config_(config),
      events_(events),
      logger_(logger),
      limits_(limits),
      codec_(parser::make_codec(config.socket_io)),
      encoder_(*codec_, Recovery::is_on(config.socket_io) ? EventEncoder::Offsets::numbered
                                                          : EventEncoder::Offsets::none) {
  if (Recovery::is_on(config.socket_io)) recovery_.emplace(config.socket_io, encoder_, limits);
  for (const std::string& name : config.namespaces) add_namespace(name);
}

std::unique_ptr<engine::SessionObserver> Server::make_observer(
    engine::Session& session, std::optional<SessionOpened> opened) {
  sessions_[session.id()] = &session;
  return std::make_unique<Client>(*this, session, std::move(opened));
}

void Server::handle(SocketIoCommand command) {
  std::visit([this](auto& alternative) { handle(std::move(alternative)); }, command);
}

void Server::handle(DefineRelays command) {
  relays_.emplace(command.id, std::make_shared<const Relays>(std::move(command.relays)));
}

void Server::forget_relays(const std::function<bool(RelaysId)>& meant) {
  std::erase_if(relays_, [&](const auto& entry) { return meant(entry.first); });
}

void Server::handle(const SocketAccept& command) {
  Socket* const socket = find_attached(command.socket);
  if (!socket) return;
  const auto found = command.relays ? relays_.find(*command.relays) : relays_.end();
  std::shared_ptr<const Relays> relays = found == relays_.end() ? nullptr : found->second;
  if (socket->is_pending()) return socket->client().accept(*socket, std::move(relays));
  socket->set_relays(std::move(relays));
}

void Server::handle(const SocketRefuse& command) {
  Socket* const socket = find(command.socket);
  // An older id belongs to a connection that has been replaced.
  if (!socket || socket->id() != command.socket || !socket->is_pending()) return;
  if (socket->is_parked()) return give_up(recovery_->take(*socket));
  socket->client().refuse(*socket, command.payload);
}

void Server::handle(SocketEmit command) {
  Socket* const socket = find(command.socket);
  if (!socket) return;
  limits_.counters().add(Counter::emits);
  limits_.counters().add(Counter::deliveries);
  log_debug(logger_, LogCategory::socketio, "emit socket=", std::uint64_t(command.socket),
            " bytes=", command.args.json.size());
  const bool asks = command.callback_id.has_value();
  const auto lost = socket->emit(std::move(command.args), command.callback_id, command.delivery,
                                 command.compression);
  if (lost) push_lost_acks({command.socket, {lost->callback_id}, lost->why});
  give_up_excess();
  // The acknowledgement may be in input that is not read yet.
  if (Socket* const asked = asks ? find_attached(command.socket) : nullptr) {
    asked->client().check_load();
  }
}

void Server::handle(SocketBroadcast command) {
  // A namespace has a name; without one, the arguments were only checked.
  if (others_ && command.scope == BroadcastScope::all_servers && !command.name_space.empty()) {
    others_->broadcast(command.name_space, {command.rooms, command.except_rooms}, command.args,
                       command.delivery, command.compression);
  }
  if (find_namespace(command.name_space)) limits_.counters().add(Counter::emits);
  deliver(std::move(command));
}

void Server::deliver(SocketBroadcast command) {
  Namespace* const target = find_namespace(command.name_space);
  if (!target) {
    log_debug(logger_, LogCategory::socketio,
              "broadcast to unknown namespace namespace=", command.name_space);
    return;
  }
  const auto packet =
      encoder_.encode(target->name, std::move(command.args), command.delivery, command.compression);
  const std::size_t reached = target->adapter->broadcast(
      BroadcastTarget{command.rooms, command.except_rooms, {}}, packet, command.delivery);
  log_debug(logger_, LogCategory::socketio, "broadcast namespace=", target->name,
            " rooms=", command.rooms.size(), " sockets=", reached);
  give_up_excess();
}

void Server::handle(SocketAck command) {
  if (Socket* const socket = find_attached(command.socket)) {
    limits_.counters().add(Counter::acks_sent);
    socket->ack(command.ack_id, std::move(command.args));
  }
}

void Server::handle(const SocketEventsDone& command) {
  Socket* const socket = find_attached(command.socket);
  if (socket) socket->client().events_done(*socket, command.count);
}

void Server::handle(const SocketJoin& command) {
  Socket* const socket = find(command.socket);
  if (!socket) return join_disconnected(command);
  log_debug(logger_, LogCategory::socketio, "join socket=", std::uint64_t(command.socket),
            " room=", command.room);
  switch (socket->name_space().adapter->join(*socket, command.room, config_.socket_io.max_rooms)) {
    case Adapter::Join::joined:
      return;
    case Adapter::Join::too_many_rooms:
      return limits_.reached(Limit::rooms, socket->log_name());
  }
}

void Server::handle(const SocketLeave& command) {
  Socket* const socket = find(command.socket);
  if (!socket) {
    const auto departed = departed_.find(command.socket);
    if (departed != departed_.end()) departed->second.erase(command.room);
    return;
  }
  log_debug(logger_, LogCategory::socketio, "leave socket=", std::uint64_t(command.socket),
            " room=", command.room);
  socket->name_space().adapter->leave(*socket, command.room);
}

void Server::handle(const SocketLeaveAll& command) {
  Socket* const socket = find(command.socket);
  if (!socket) {
    const auto departed = departed_.find(command.socket);
    if (departed != departed_.end()) departed->second.clear();
    return;
  }
  log_debug(logger_, LogCategory::socketio,
            "leave all rooms socket=", std::uint64_t(command.socket));
  socket->name_space().adapter->leave_all(*socket);
}

void Server::handle(const SocketClose& command) {
  Socket* const socket = find(command.socket);
  if (!socket) return;
  if (socket->is_parked()) return give_up(recovery_->take(*socket));
  if (!command.close_session) {
    socket->client().disconnect(*socket);
  } else if (socket->is_pending()) {
    socket->close_late(Socket::LateClose::session);
  } else {
    socket->client().close();
  }
}

void Server::handle(const SocketWatch& command) {
  if (Socket* const socket = find_attached(command.socket)) {
    socket->client().watch(command.signal);
  }
}

void Server::join_disconnected(const SocketJoin& command) {
  const auto departed = departed_.find(command.socket);
  if (departed == departed_.end()) return;
  std::set<std::string>& rooms = departed->second;
  const std::size_t most = config_.socket_io.max_rooms;
  if (most != 0 && rooms.size() >= most && !rooms.contains(command.room)) {
    return limits_.reached(Limit::rooms, "a socket that has gone");
  }
  rooms.insert(command.room);
}

void Server::handle(const SocketReleased& command) { departed_.erase(command.socket); }

void Server::handle(const SessionReleased& command) { closed_sessions_.erase(command.session); }

void Server::handle(WatchRooms command) {
  std::vector<RoomChange>& changes = room_changes_[command.name_space];
  if (Namespace* const watched = find_namespace(command.name_space)) {
    watched->adapter->record_changes(&changes);
  }
}

void Server::handle(const UnwatchRooms& command) {
  if (Namespace* const watched = find_namespace(command.name_space)) {
    watched->adapter->record_changes(nullptr);
  }
  room_changes_.erase(command.name_space);
}

void Server::handle(AddNamespace command) { add_namespace(std::move(command.name)); }

void Server::handle(const ServeDynamicNamespaces&) { serves_dynamic_namespaces_ = true; }

void Server::events_taken() {
  for (Client* client : std::exchange(waiting_for_drain_, {})) client->app_queue_drained();
}

void Server::advance(TimePoint now) {
  if (recovery_) give_up(recovery_->take_expired(now));
  give_up_excess();  // relayed events may have filled the logs
  // advance() of a client never destroys another one.
  for (Client* const client : std::vector(stuck_)) client->advance(now);
}

Server::MadeSocket Server::make_socket(const std::string& name_space, Client& client,
                                       engine::Session& session, ReceivedValue& payload) {
  MadeSocket made;
  std::optional<RecoveryRequest> request;
  if (recovery_ && session.protocol() == engine::Protocol::v4)
    request = take_recovery_request(payload);
  if (request) made.socket = recover(name_space, *request);
  const SocketId id{++last_socket_id_};
  if (made.socket) {
    made.recovered = made.socket->id();
    const auto forgotten = made.socket->resume(id, client, session, request->received);
    if (forgotten) sockets_.erase(*forgotten);
    limits_.counters().add(Counter::sockets_recovered);
  } else {
    Namespace* const joined = enter_namespace(name_space);
    if (!joined) return made;
    made.socket = std::make_unique<Socket>(id, *joined, client, session, config_.socket_io, limits_,
                                           encoder_, recovery_ ? &*recovery_ : nullptr);
  }
  sockets_.emplace(id, made.socket.get());
  limits_.counters().add(Counter::sockets);
  return made;
}

std::unique_ptr<Socket> Server::recover(const std::string& name_space,
                                        const RecoveryRequest& request) {
  Socket* socket = recovery_->find(request.pid);
  if (!socket || socket->name_space().name != name_space) return nullptr;
  if (request.received && *request.received > recovery_->last_offset()) return nullptr;
  if (!socket->can_resume(request.received)) {
    limits_.reached(Limit::recovery_buffer, "socket " + socket->public_id());
    if (socket->is_parked()) give_up(recovery_->take(*socket));
    return nullptr;
  }
  // After a change of the network, a client may reconnect before the server notices that the old
  // connection is broken.
  if (!socket->is_parked()) {
    socket->client().replace();
    socket = recovery_->find(request.pid);
    if (!socket || !socket->is_parked()) return nullptr;
  }
  return recovery_->take(*socket);
}

void Server::park(std::unique_ptr<Socket> socket) {
  log_debug(logger_, LogCategory::socketio, "socket parked socket=", std::uint64_t(socket->id()));
  limits_.counters().subtract(Counter::sockets);
  socket->park();
  recovery_->park(std::move(socket));
  give_up_excess();
}

void Server::destroy(std::unique_ptr<Socket> socket) {
  if (!socket->is_parked()) limits_.counters().subtract(Counter::sockets);
  sockets_.erase(socket->id());
  for (const SocketId id : socket->former_ids()) sockets_.erase(id);
  Namespace& left = socket->name_space();
  socket.reset();
  left_namespace(left);
}

void Server::depart(std::unique_ptr<Socket> socket) {
  const auto rooms = socket->name_space().adapter->rooms_of(*socket);
  departed_.emplace(socket->id(), std::set<std::string>(rooms.begin(), rooms.end()));
  destroy(std::move(socket));
}

void Server::session_closed(const engine::Session& session) {
  events_.push(SessionClosed{session.id(), session.status()});
  closed_sessions_.emplace(session.id(), session.status());
}

void Server::give_up_excess() {
  if (recovery_) give_up(recovery_->take_excess());
}

void Server::give_up(std::vector<std::unique_ptr<Socket>> parked) {
  for (std::unique_ptr<Socket>& socket : parked) give_up(std::move(socket));
}

void Server::give_up(std::unique_ptr<Socket> parked) {
  log_debug(logger_, LogCategory::socketio,
            "socket not recovered socket=", std::uint64_t(parked->id()));
  events_.push(SocketForgotten{parked->id()});
  depart(std::move(parked));
}

Namespace* Server::find_namespace(std::string_view name) {
  const auto found = namespaces_.find(std::string(name));
  return found == namespaces_.end() ? nullptr : found->second.get();
}

void Server::stop_waiting_for_drain(Client& client) { std::erase(waiting_for_drain_, &client); }

Socket* Server::find(SocketId id) const {
  const auto found = sockets_.find(id);
  return found == sockets_.end() ? nullptr : found->second;
}

Namespace* Server::enter_namespace(std::string_view name) {
  Namespace* const found = find_namespace(name);
  if (found || !serves_dynamic_namespaces_) return found;
  const std::size_t most = config_.socket_io.max_dynamic_namespaces;
  if (most != 0 && dynamic_namespaces_ >= most) {
    limits_.reached(Limit::dynamic_namespaces, name);
    return nullptr;
  }
  return &make_namespace(std::string(name), Lifetime::dynamic);
}

void Server::left_namespace(Namespace& name_space) {
  if (name_space.lifetime != Lifetime::dynamic || !name_space.adapter->empty()) return;
  --dynamic_namespaces_;
  limits_.counters().subtract(Counter::namespaces);
  const std::string name = name_space.name;
  namespaces_.erase(namespaces_.find(name));
  if (others_) others_->namespace_removed(name);
}

Socket* Server::find_attached(SocketId id) const {
  Socket* const socket = find(id);
  return socket && socket->id() == id && !socket->is_parked() ? socket : nullptr;
}

void Server::add_namespace(std::string name) {
  if (!name.starts_with('/')) name.insert(name.begin(), '/');
  Namespace* const found = find_namespace(name);
  if (found && found->lifetime == Lifetime::permanent) return;
  const std::size_t permanent = namespaces_.size() - dynamic_namespaces_;
  if (permanent >= max_permanent_namespaces) {
    return logger_.log(LogCategory::socketio, LogLevel::error,
                       "namespace " + name + " can't be added: there are " +
                           std::to_string(permanent) + " already");
  }
  if (found) {
    found->lifetime = Lifetime::permanent;
    --dynamic_namespaces_;
    return;
  }
  logger_.log(LogCategory::socketio, LogLevel::info, "serving namespace " + name);
  make_namespace(std::move(name), Lifetime::permanent);
}

Namespace& Server::make_namespace(std::string name, Lifetime lifetime) {
  auto made = std::make_unique<Namespace>(Namespace{
      name, lifetime, std::make_unique<MemoryAdapter>(limits_.counters(), Socket::deliver_to)});
  const auto watched = room_changes_.find(name);
  if (watched != room_changes_.end()) made->adapter->record_changes(&watched->second);
  if (others_) made->adapter->observe_rooms(&others_->namespace_added(name));
  limits_.counters().add(Counter::namespaces);
  if (lifetime == Lifetime::dynamic) ++dynamic_namespaces_;
  return *namespaces_.emplace(std::move(name), std::move(made)).first->second;
}

}  // namespace sioserve::socketio
