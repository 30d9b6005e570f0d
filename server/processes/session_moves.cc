// The part of the Distributor that moves sessions between processes.
//
// planned: ask_to_move() -> the process handles what it has, and answers LetSessionGo -> orphan()
// death:   remove() -> orphan()
// orphan() -> find_process() -> give(), at once or when a process is added
#include <algorithm>
#include <utility>

#include "server/port/message_size.h"
#include "server/processes/distributor.h"

namespace sioserve::processes {
namespace {

// What may wait for one session before its client is not read any more.
constexpr std::size_t max_held_bytes = 16'384;

std::optional<std::string> unless_empty(std::string state) {
  if (state.empty()) return std::nullopt;
  return state;
}

}  // namespace

template <typename Alternative>
bool Distributor::hold(SessionId session, Alternative& event) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end() || !found->second.hold) return false;
  Hold& hold = *found->second.hold;
  hold.events.emplace_back(SocketIoEvent(std::move(event)));
  hold.bytes += port::size_of(hold.events.back());
  return true;
}

template bool Distributor::hold(SessionId, SocketConnect&);
template bool Distributor::hold(SessionId, SocketEvent&);
template bool Distributor::hold(SessionId, SocketDisconnect&);
template bool Distributor::hold(SessionId, SocketForgotten&);
template bool Distributor::hold(SessionId, SessionSignalled&);
template bool Distributor::hold(SessionId, SessionClosed&);

bool Distributor::holds_back(StreamId stream) const {
  const auto found = sessions_.find(stream);
  if (found == sessions_.end()) return false;
  const SessionEntry& entry = found->second;
  if (entry.hold) return entry.hold->bytes >= max_held_bytes;
  return !has(entry.owner);  // it is about to be closed
}

void Distributor::ask_to_move(SessionId session, SessionEntry& entry, MoveReason why) {
  if (entry.hold) return;
  entry.hold = std::make_unique<Hold>(Hold{why});
  send(entry.owner, Event(ProcessEvent(SessionMoveAsked{session, why})));
}

bool Distributor::can_move(const SessionEntry& entry) const {
  return entry.state && std::all_of(entry.sockets.begin(), entry.sockets.end(), [&](SocketId id) {
           const auto socket = sockets_.find(id);
           return socket == sockets_.end() || !socket->second.is_announced || socket->second.state;
         });
}

// Its process has died, or has let it go.
void Distributor::orphan(SessionId session, SessionEntry& entry) {
  for (const SocketId id : entry.sockets) {
    const auto socket = sockets_.find(id);
    if (socket == sockets_.end()) continue;
    if (const std::uint64_t unhandled = std::exchange(socket->second.unhandled, 0)) {
      // So that the client can be read again.
      duties_.commands.emplace_back(SocketEventsDone{id, unhandled});
      duties_.lost_events += unhandled;
    }
  }
  if (!can_move(entry)) return lose(session, entry);
  if (!entry.hold) entry.hold = std::make_unique<Hold>(Hold{MoveReason::crash});
  if (!has(entry.owner)) entry.hold->why = MoveReason::crash;
  if (Process* const owner = find(entry.owner)) --owner->sessions;
  entry.owner = no_process;
  find_process(session, entry);
}

void Distributor::find_process(SessionId session, SessionEntry& entry) {
  const ProcessId chosen = choose_for_connection();
  if (chosen == no_process || processes_.at(chosen).retired) {
    orphans_.insert(session);
  } else {
    give(session, entry, chosen);
  }
}

void Distributor::give(SessionId session, SessionEntry& entry, ProcessId process) {
  orphans_.erase(session);
  entry.owner = process;
  ++processes_.at(process).sessions;
  SessionMoved moved{session, entry.hold->why, *entry.state, {}};
  for (const SocketId id : entry.sockets) {
    const auto found = sockets_.find(id);
    if (found == sockets_.end()) continue;
    SocketEntry& socket = found->second;
    socket.former = std::exchange(socket.owner, process);
    if (socket.is_announced) moved.sockets.push_back({id, *socket.state});
  }
  send(process, Event(ProcessEvent(std::move(moved))));
  release_held(entry);
}

void Distributor::lose(SessionId session, SessionEntry& entry) {
  orphans_.erase(session);
  duties_.lost_sessions.insert(session);
  if (entry.hold) release_held(entry);
}

void Distributor::give_up_orphans() {
  for (const SessionId session : std::exchange(orphans_, {})) {
    lose(session, sessions_.at(session));
  }
}

// The entry may not exist any more afterwards.
void Distributor::release_held(SessionEntry& entry) {
  const std::unique_ptr<Hold> hold = std::move(entry.hold);
  duties_.has_space = true;
  for (Event& event : hold->events) route(std::move(event));
}

void Distributor::forget_socket(SocketId socket) {
  const auto found = sockets_.find(socket);
  if (found == sockets_.end()) return;
  const auto session = sessions_.find(found->second.session);
  if (session != sessions_.end()) std::erase(session->second.sockets, socket);
}

// --- sockets whose clients may return, to another process ---

void Distributor::ask_for_state(SocketId id, const SocketEntry& socket) {
  if (!processes_.at(socket.owner).asked.insert(id).second) return;
  send(socket.owner, Event(ProcessEvent(SocketStateAsked{id})));
}

void Distributor::expect_no_state(SocketId id, const SocketEntry& socket) {
  if (Process* const owner = find(socket.owner)) owner->asked.erase(id);
}

// Only the process that had the client before knows it by its former socket.
void Distributor::take_back(SocketConnect& event, ProcessId process) {
  const auto former = sockets_.find(*event.recovered);
  const bool is_same = former != sockets_.end() && former->second.owner == process;
  if (!is_same) event.recovered.reset();
  if (former == sockets_.end()) return;
  if (!is_same) event.state = std::move(former->second.state);
  expect_no_state(former->first, former->second);
  sockets_.erase(former);
}

Distributor::SessionEntry* Distributor::session_here(ProcessId from, SessionId session) {
  const auto found = sessions_.find(session);
  const bool is_own = found != sessions_.end() && found->second.owner == from &&
                      found->second.presence == Presence::here;
  return is_own ? &found->second : nullptr;
}

void Distributor::carry_out(ProcessId from, KeepSession& command) {
  SessionEntry* const entry = session_here(from, command.session);
  if (entry != nullptr) entry->state = unless_empty(std::move(command.state));
}

void Distributor::carry_out(ProcessId from, KeepSocket& command) {
  if (!owns(from, command.socket)) return;
  SocketEntry& socket = sockets_.at(command.socket);
  socket.state = unless_empty(std::move(command.state));
  expect_no_state(command.socket, socket);
}

void Distributor::carry_out(ProcessId from, const LetSessionGo& command) {
  SessionEntry* const entry = session_here(from, command.session);
  if (entry == nullptr || !entry->hold) return;
  if (can_move(*entry)) return orphan(command.session, *entry);
  carry_out(from, GiveUpSession{command.session});
}

// Its process handles first what has arrived.
void Distributor::carry_out(ProcessId from, const GiveUpSession& command) {
  SessionEntry* const entry = session_here(from, command.session);
  if (entry == nullptr) return;
  duties_.lost_sessions.insert(command.session);
  if (entry->hold) release_held(*entry);
}

}  // namespace sioserve::processes
