#include "server/processes/distributor.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <variant>

#include "server/processes/process_numbers.h"

namespace sioserve::processes {

ProcessId process_of(StreamId stream) { return process_in(static_cast<std::uint64_t>(stream)); }

// --- processes ---

void Distributor::add(ProcessId process) {
  processes_.emplace(process, Process{});
  for (const SessionId session : std::set(orphans_)) {
    find_process(session, sessions_.at(session));
  }
}

void Distributor::remove(ProcessId process) {
  const auto removed = processes_.extract(process);
  if (!removed) return;
  const Process& died = removed.mapped();
  duties_.lost_streams.insert(duties_.lost_streams.end(), died.requests.begin(),
                              died.requests.end());
  duties_.lost_streams.insert(duties_.lost_streams.end(), died.websockets.begin(),
                              died.websockets.end());
  for (auto socket = sockets_.begin(); socket != sockets_.end();) {
    auto& [id, entry] = *socket;
    entry.askers.erase(process);
    if (entry.owner == process && entry.presence == Presence::gone) {
      duties_.commands.emplace_back(SocketReleased{id});
      socket = sockets_.erase(socket);
    } else {
      ++socket;
    }
  }
  for (const SessionId session : sessions_of(process)) {
    SessionEntry& entry = sessions_.at(session);
    if (entry.presence == Presence::here) {
      orphan(session, entry);
    } else {
      duties_.commands.emplace_back(SessionReleased{session});
      sessions_.erase(session);
    }
  }
  ask_again(process);
  std::vector<std::string> watched;
  for (const auto& [name_space, watchers] : watchers_) {
    if (watchers.contains(process)) watched.push_back(name_space);
  }
  for (const std::string& name_space : watched) {
    if (unwatch(process, name_space)) duties_.commands.emplace_back(UnwatchRooms{name_space});
  }
}

void Distributor::retire(const std::vector<ProcessId>& retired, MoveReason why) {
  for (const ProcessId id : retired) {
    if (Process* const process = find(id)) process->retired = why;
  }
  for (const ProcessId id : retired) {
    for (const SessionId session : sessions_of(id)) {
      SessionEntry& entry = sessions_.at(session);
      if (entry.presence == Presence::here) ask_to_move(session, entry, why);
    }
  }
  for (const auto& [id, socket] : sockets_) {
    const Process* const owner = find(socket.owner);
    if (socket.is_away && owner != nullptr && owner->retired) ask_for_state(id, socket);
  }
}

std::vector<SessionId> Distributor::sessions_of(ProcessId process) const {
  std::vector<SessionId> found;
  for (const auto& [id, entry] : sessions_) {
    if (entry.owner == process) found.push_back(id);
  }
  return found;
}

Distributor::Process* Distributor::find(ProcessId process) {
  const auto found = processes_.find(process);
  return found == processes_.end() ? nullptr : &found->second;
}

Distributor::Duties Distributor::take_duties() { return std::exchange(duties_, {}); }

bool Distributor::is_done(ProcessId process) const {
  const auto found = processes_.find(process);
  if (found == processes_.end()) return false;
  const Process& own = found->second;
  return own.retired && own.requests.empty() && own.websockets.empty() && own.sessions == 0 &&
         own.leaving == 0 && own.asked.empty();
}

std::size_t Distributor::leaving(ProcessId process) const {
  const auto found = processes_.find(process);
  return found == processes_.end() ? 0 : found->second.leaving;
}

std::size_t Distributor::client_count() const {
  std::size_t count = orphans_.size();
  for (const auto& [id, process] : processes_) count += process.sessions;
  return count;
}

ProcessStatus Distributor::status_of(ProcessId process) const {
  ProcessStatus status;
  status.process = static_cast<std::uint64_t>(process);
  const auto found = processes_.find(process);
  if (found == processes_.end()) return status;
  const Process& own = found->second;
  status.is_retiring = own.retired.has_value();
  status.requests = own.requests.size();
  status.requests_total = own.requests_total;
  status.connections_total = own.connections_total;
  status.websockets = own.websockets.size();
  status.sessions = own.sessions;
  return status;
}

// --- choice ---

StreamId Distributor::number(ProcessId process) {
  return StreamId{with_process(process, ++last_number_ & number_mask)};
}

// The process with the smallest load; of equals, the one that was chosen the longest ago. One that
// is retired only if all are.
template <typename Load>
ProcessId Distributor::choose(Load load) {
  const auto key = [&](Process& process) {
    return std::tuple(process.retired.has_value(), load(process), process.latest);
  };
  ProcessId best = no_process;
  for (auto& [id, process] : processes_) {
    if (best == no_process || key(process) < key(processes_[best])) best = id;
  }
  if (Process* const chosen = find(best)) chosen->latest = ++choices_;
  return best;
}

ProcessId Distributor::choose_for_request() {
  return choose([](const Process& process) { return process.requests.size(); });
}

// What stays for long counts by what stays for long.
ProcessId Distributor::choose_for_connection() {
  return choose([](const Process& process) {
    return std::pair(process.websockets.size() + process.sessions, process.requests.size());
  });
}

StreamId Distributor::next_request() { return number(choose_for_request()); }

StreamId Distributor::next_websocket() { return number(choose_for_connection()); }

ProcessId Distributor::choose_for_session(const SocketConnect& event) {
  if (event.recovered) {
    const auto former = sockets_.find(*event.recovered);
    const ProcessId process = former != sockets_.end() ? former->second.owner : no_process;
    const Process* const owner = find(process);
    // One that retires has it only as long as it has not told its state.
    if (owner != nullptr && (!owner->retired || owner->asked.contains(former->first))) {
      return process;
    }
  }
  return choose_for_connection();
}

ProcessId Distributor::owner_of(StreamId stream) const {
  // The number of a session that has moved names another one.
  const auto session = sessions_.find(stream);
  return session == sessions_.end() ? process_of(stream) : session->second.owner;
}

void Distributor::assign(SessionId session, ProcessId process) {
  if (!sessions_.emplace(session, SessionEntry{process}).second) return;
  if (Process* const owner = find(process)) ++owner->sessions;
}

// It keeps its process busy until it is released.
template <typename Entry>
void Distributor::note_gone(Entry& entry) {
  if (std::exchange(entry.presence, Presence::gone) == Presence::gone) return;
  if (Process* const owner = find(entry.owner)) ++owner->leaving;
}

// --- events ---

void Distributor::send(ProcessId process, const Event& event) const {
  if (has(process)) send_(process, event);
}

void Distributor::route(Event event) {
  std::visit([&](auto& group) { route(group); }, event);
}

void Distributor::route(HttpEvent& event) {
  const StreamId stream = std::visit([](const auto& one) { return one.stream; }, event);
  const ProcessId process = process_of(stream);
  Process* const owner = find(process);
  if (std::holds_alternative<HttpRequest>(event)) {
    if (owner == nullptr) return duties_.refused_streams.push_back(stream);
    owner->requests.insert(stream);
    ++owner->requests_total;
  } else if (std::holds_alternative<HttpDisconnect>(event) ||
             std::holds_alternative<HttpTimedOut>(event)) {
    end_request(process, stream);
  }
  send(process, Event(std::move(event)));
}

void Distributor::route(WebSocketEvent& event) {
  const StreamId stream = std::visit([](const auto& one) { return one.stream; }, event);
  const ProcessId process = process_of(stream);
  Process* const owner = find(process);
  if (std::holds_alternative<WebSocketConnect>(event)) {
    if (owner == nullptr) return duties_.refused_streams.push_back(stream);
    owner->websockets.insert(stream);
    ++owner->connections_total;
  } else if (owner != nullptr && std::holds_alternative<WebSocketDisconnect>(event)) {
    owner->websockets.erase(stream);
  }
  send(process, Event(std::move(event)));
}

// Without any process, it is refused when its time is over, as one that is not decided.
void Distributor::route(HandshakeEvent& event) {
  const auto* const question = std::get_if<HandshakeAsked>(&event);
  const ProcessId named = question != nullptr ? process_of(question->stream) : no_process;
  const ProcessId asked = has(named) ? named : choose_for_request();
  if (question != nullptr) {
    handshakes_.insert_or_assign(question->stream, Handshake{asked, *question});
  }
  send(asked, Event(std::move(event)));
}

// The questions that the process has not answered. One about a request of the process itself is
// answered as the request.
void Distributor::ask_again(ProcessId died) {
  std::vector<HandshakeAsked> open;
  for (auto handshake = handshakes_.begin(); handshake != handshakes_.end();) {
    if (handshake->second.asked != died) {
      ++handshake;
      continue;
    }
    if (process_of(handshake->first) != died) open.push_back(std::move(handshake->second.question));
    handshake = handshakes_.erase(handshake);
  }
  for (HandshakeAsked& question : open) route(Event(HandshakeEvent(std::move(question))));
}

void Distributor::route(SocketIoEvent& event) {
  std::visit([&](auto& one) { route(one); }, event);
}

// Waits for the SocketConnect behind it, which says which process is to have the session.
void Distributor::route(SessionOpened& event) { opened_ = std::move(event); }

void Distributor::route(SocketConnect& event) {
  const auto known = sessions_.find(event.session);
  if (known != sessions_.end() && known->second.hold) {
    SocketEntry waiting{known->second.owner, event.session};
    waiting.is_announced = false;
    known->second.sockets.push_back(event.socket);
    sockets_.emplace(event.socket, std::move(waiting));
    hold(event.session, event);
    return;
  }
  const ProcessId named = process_of(event.session);
  const bool is_native = known == sessions_.end() && named == no_process;
  const ProcessId process = known != sessions_.end() ? known->second.owner
                            : named != no_process    ? named
                                                     : choose_for_session(event);
  assign(event.session, process);
  if (event.recovered) take_back(event, process);
  SessionEntry& session = sessions_.at(event.session);
  const auto [socket, is_new] = sockets_.emplace(event.socket, SocketEntry{process, event.session});
  socket->second.is_announced = true;
  if (is_new) session.sockets.push_back(event.socket);
  Process* const owner = find(process);
  if (owner == nullptr) {
    duties_.lost_sessions.insert(event.session);
    opened_.reset();
    return;
  }
  if (is_native) ++owner->connections_total;
  if (opened_ && opened_->session == event.session) {
    send(process, Event(SocketIoEvent(std::move(*opened_))));
  }
  opened_.reset();
  const SessionId id = event.session;
  send(process, Event(SocketIoEvent(std::move(event))));
  if (owner->retired) ask_to_move(id, session, *owner->retired);
}

void Distributor::route(SessionClosed& event) {
  if (hold(event.session, event)) return;
  const auto session = sessions_.find(event.session);
  const bool is_known = session != sessions_.end();
  const ProcessId process = is_known ? session->second.owner : process_of(event.session);
  Process* const owner = find(process);
  if (owner == nullptr) {
    if (is_known) sessions_.erase(session);
    duties_.commands.emplace_back(SessionReleased{event.session});
    return;
  }
  if (is_known) {
    note_gone(session->second);
    --owner->sessions;
  }
  send(process, Event(SocketIoEvent(event)));
}

void Distributor::route(SessionSignalled& event) {
  if (hold(event.session, event)) return;
  const auto session = sessions_.find(event.session);
  if (session != sessions_.end()) send(session->second.owner, Event(SocketIoEvent(event)));
}

void Distributor::route(SocketEvent& event) {
  const auto socket = sockets_.find(event.socket);
  if (socket == sockets_.end() || hold(socket->second.session, event)) return;
  const ProcessId owner = socket->second.owner;
  if (!has(owner)) return;
  ++socket->second.unhandled;
  send(owner, Event(SocketIoEvent(std::move(event))));
}

void Distributor::route(SocketAcknowledged& event) {
  const ProcessId asker = process_in(event.callback_id);
  event.callback_id &= number_mask;
  send(asker, Event(SocketIoEvent(std::move(event))));
}

void Distributor::route(SocketAcksLost& event) {
  std::map<ProcessId, std::vector<std::uint64_t>> lost;
  for (const std::uint64_t id : event.callback_ids) {
    lost[process_in(id)].push_back(id & number_mask);
  }
  for (auto& [asker, ids] : lost) {
    send(asker, Event(SocketIoEvent(SocketAcksLost{event.socket, std::move(ids), event.why})));
  }
}

// Those that wait for its acknowledgements are told too.
void Distributor::route(SocketDisconnect& event) {
  const auto socket = sockets_.find(event.socket);
  if (socket == sockets_.end()) return;
  SocketEntry& entry = socket->second;
  const Event told = SocketIoEvent(event);
  for (const ProcessId asker : std::exchange(entry.askers, {})) send(asker, told);
  if (hold(entry.session, event)) return;
  entry.is_away = event.may_return;
  if (!event.may_return) forget_socket(event.socket);
  if (const Process* const owner = find(entry.owner)) {
    if (!event.may_return) note_gone(entry);
    send(entry.owner, told);
    if (event.may_return && owner->retired) ask_for_state(event.socket, entry);
    return;
  }
  if (event.may_return) return;
  duties_.commands.emplace_back(SocketReleased{socket->first});
  sockets_.erase(socket);
}

void Distributor::route(SocketForgotten& event) {
  const auto socket = sockets_.find(event.socket);
  if (socket != sockets_.end() && hold(socket->second.session, event)) return;
  if (socket != sockets_.end() && has(socket->second.owner)) {
    expect_no_state(socket->first, socket->second);
    note_gone(socket->second);
    return send(socket->second.owner, Event(SocketIoEvent(event)));
  }
  // It may have been refused.
  duties_.commands.emplace_back(SocketReleased{event.socket});
  if (socket != sockets_.end()) sockets_.erase(socket);
}

// --- the cluster ---

void Distributor::route(ClusterEvent& event) {
  std::visit([&](auto& one) { route(one); }, event);
}

// One process answers for all.
void Distributor::route(AskedByServer& event) {
  send(choose_for_request(), Event(ClusterEvent(std::move(event))));
}

void Distributor::route(ServersAnswered& event) {
  const ProcessId asker = process_in(event.number);
  event.number &= number_mask;
  send(asker, Event(ClusterEvent(std::move(event))));
}

void Distributor::give_up(const Event& event) {
  const auto lose_socket = [this](const auto* found) {
    if (found == nullptr) return;
    const auto socket = sockets_.find(found->socket);
    if (socket != sockets_.end()) duties_.lost_sessions.insert(socket->second.session);
  };
  if (const auto* const message = get_message<WebSocketMessage>(event)) {
    duties_.lost_streams.push_back(message->stream);
  }
  if (const auto* const body = get_message<HttpBody>(event)) {
    duties_.lost_streams.push_back(body->stream);
  }
  if (const auto* const connect = get_message<SocketConnect>(event)) {
    duties_.lost_sessions.insert(connect->session);
  }
  if (const auto* const moved = get_message<SessionMoved>(event)) {
    duties_.lost_sessions.insert(moved->session);
  }
  lose_socket(get_message<SocketEvent>(event));
  lose_socket(get_message<SocketAcknowledged>(event));
}

}  // namespace sioserve::processes
