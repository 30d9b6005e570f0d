// Answers the application's questions about sockets, rooms and sessions.
#include <utility>

#include "socketio/server/server.h"

namespace sioserve::socketio {

Answer Server::answer(const Question& question) {
  return std::visit([this](const auto& asked) { return Answer(answer(asked)); }, question);
}

RoomsOfSocket::Answer Server::answer(const RoomsOfSocket& question) {
  if (Socket* const socket = find(question.socket)) {
    return socket->name_space().adapter->rooms_of(*socket);
  }
  const auto departed = departed_.find(question.socket);
  if (departed == departed_.end()) return {};
  return {departed->second.begin(), departed->second.end()};
}

Membership::Answer Server::answer(const Membership& question) {
  if (Socket* const socket = find(question.socket)) {
    return socket->name_space().adapter->membership(*socket, question.room);
  }
  const auto departed = departed_.find(question.socket);
  if (departed == departed_.end()) return {};
  return {departed->second.size(), departed->second.contains(question.room)};
}

SocketsIn::Answer Server::answer(const SocketsIn& question) {
  const Namespace* const asked = find_namespace(question.name_space);
  if (!asked) return {};
  return asked->adapter->find({question.rooms, question.except_rooms, {}});
}

RoomsOfNamespace::Answer Server::answer(const RoomsOfNamespace& question) {
  const Namespace* const asked = find_namespace(question.name_space);
  return asked ? asked->adapter->rooms() : RoomsOfNamespace::Answer();
}

SocketCount::Answer Server::answer(const SocketCount& question) {
  const Namespace* const asked = find_namespace(question.name_space);
  return asked ? Total{asked->connected} : Total();
}

ClientIdInUse::Answer Server::answer(const ClientIdInUse& question) {
  for (const SocketId id : answer(SocketsIn{question.name_space, {question.id}, {}})) {
    const Socket* const socket = find(id);
    if (socket != nullptr && socket->public_id() == question.id) return Total{1};
  }
  return Total();
}

NamespacesInUse::Answer Server::answer(const NamespacesInUse&) {
  NamespacesInUse::Answer found;
  for (const auto& [name, one] : namespaces_) {
    if (one->accepted > 0) found.push_back({name, one->connected});
  }
  return found;
}

RoomChanges::Answer Server::answer(const RoomChanges& question) {
  const auto watched = room_changes_.find(question.name_space);
  if (watched == room_changes_.end()) return {};
  if (watched->second.size() >= max_recorded_changes) {
    logger_.log(LogCategory::socketio, LogLevel::error,
                "room events of namespace " + question.name_space + " were dropped: more than " +
                    std::to_string(max_recorded_changes) + " waited for the application");
  }
  return std::exchange(watched->second, {});
}

SessionStatusAsked::Answer Server::answer(const SessionStatusAsked& question) {
  const auto session = sessions_.find(question.session);
  if (session != sessions_.end()) return session->second->status();
  const auto closed = closed_sessions_.find(question.session);
  if (closed == closed_sessions_.end()) return std::nullopt;
  return closed->second;
}

CountsAsked::Answer Server::answer(const CountsAsked&) {
  const auto counts = limits_.counters().all();
  return {counts.begin(), counts.end()};
}

}  // namespace sioserve::socketio
