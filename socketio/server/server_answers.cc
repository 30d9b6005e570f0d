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

RoomChanges::Answer Server::answer(const RoomChanges& question) {
  const auto watched = room_changes_.find(question.name_space);
  return watched == room_changes_.end() ? RoomChanges::Answer()
                                        : std::exchange(watched->second, {});
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
