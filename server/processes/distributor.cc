#include "server/processes/distributor.h"

#include <algorithm>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace sioserve::processes {
namespace {

constexpr unsigned number_bits = 40;
constexpr std::uint64_t number_mask = (std::uint64_t{1} << number_bits) - 1;

std::uint64_t with_process(ProcessId process, std::uint64_t number) {
  return static_cast<std::uint64_t>(process) << number_bits | number;
}

ProcessId process_in(std::uint64_t number) {
  return ProcessId{static_cast<std::uint32_t>(number >> number_bits)};
}

// False for a number that leaves no room for that of a process.
template <typename Number>
bool add_process(ProcessId process, Number& number) {
  const auto own = static_cast<std::uint64_t>(number);
  if (own > number_mask) return false;
  number = Number{with_process(process, own)};
  return true;
}

}  // namespace

ProcessId process_of(StreamId stream) { return process_in(static_cast<std::uint64_t>(stream)); }

// --- processes ---

void Distributor::add(ProcessId process) { processes_.emplace(process, Process{}); }

void Distributor::remove(ProcessId process) {
  const auto removed = processes_.extract(process);
  if (!removed) return;
  const Process& died = removed.mapped();
  duties_.lost_streams.insert(duties_.lost_streams.end(), died.requests.begin(),
                              died.requests.end());
  duties_.lost_streams.insert(duties_.lost_streams.end(), died.websockets.begin(),
                              died.websockets.end());
  for (auto session = sessions_.begin(); session != sessions_.end();) {
    const auto& [id, entry] = *session;
    if (entry.owner != process) {
      ++session;
    } else if (entry.presence == Presence::here) {
      duties_.lost_sessions.insert(id);
      ++session;
    } else {
      duties_.commands.emplace_back(SessionReleased{id});
      session = sessions_.erase(session);
    }
  }
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
  std::vector<std::string> watched;
  for (const auto& [name_space, watchers] : watchers_) {
    if (watchers.contains(process)) watched.push_back(name_space);
  }
  for (const std::string& name_space : watched) {
    if (unwatch(process, name_space)) duties_.commands.emplace_back(UnwatchRooms{name_space});
  }
}

Distributor::Process* Distributor::find(ProcessId process) {
  const auto found = processes_.find(process);
  return found == processes_.end() ? nullptr : &found->second;
}

Distributor::Duties Distributor::take_duties() { return std::exchange(duties_, {}); }

void Distributor::retire(ProcessId process, MoveReason) {
  Process* const retired = find(process);
  if (retired == nullptr) return;
  retired->is_retired = true;
  for (const auto& [id, entry] : sessions_) {
    if (entry.owner == process && entry.presence == Presence::here)
      duties_.lost_sessions.insert(id);
  }
}

bool Distributor::is_done(ProcessId process) const {
  const auto found = processes_.find(process);
  if (found == processes_.end()) return false;
  const Process& own = found->second;
  return own.is_retired && own.requests.empty() && own.websockets.empty() && own.sessions == 0 &&
         own.leaving == 0;
}

ProcessStatus Distributor::status_of(ProcessId process) const {
  ProcessStatus status;
  status.process = static_cast<std::uint64_t>(process);
  const auto found = processes_.find(process);
  if (found == processes_.end()) return status;
  const Process& own = found->second;
  status.is_retiring = own.is_retired;
  status.requests = own.requests.size();
  status.requests_total = own.requests_total;
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
    return std::tuple(process.is_retired, load(process), process.latest);
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
    if (former != sockets_.end() && has(former->second.owner)) return former->second.owner;
  }
  return choose_for_connection();
}

ProcessId Distributor::owner_of(StreamId stream) const {
  if (const ProcessId named = process_of(stream); named != no_process) return named;
  const auto session = sessions_.find(stream);
  return session == sessions_.end() ? no_process : session->second.owner;
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

template <typename Table>
void Distributor::release(Table& table, typename Table::iterator gone) {
  if (Process* const owner = find(gone->second.owner)) --owner->leaving;
  table.erase(gone);
}

// --- events ---

void Distributor::send(ProcessId process, const Event& event, const Send& send) const {
  if (has(process)) send(process, event);
}

void Distributor::route_to_owner(SocketId socket, const Event& event, const Send& send) const {
  const auto found = sockets_.find(socket);
  if (found != sockets_.end()) this->send(found->second.owner, event, send);
}

void Distributor::route(Event event, const Send& send) {
  std::visit([&](auto& group) { route(group, send); }, event);
}

void Distributor::route(HttpEvent& event, const Send& send) {
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
  this->send(process, Event(std::move(event)), send);
}

void Distributor::route(WebSocketEvent& event, const Send& send) {
  const StreamId stream = std::visit([](const auto& one) { return one.stream; }, event);
  const ProcessId process = process_of(stream);
  Process* const owner = find(process);
  if (std::holds_alternative<WebSocketConnect>(event)) {
    if (owner == nullptr) return duties_.refused_streams.push_back(stream);
    owner->websockets.insert(stream);
  } else if (owner != nullptr && std::holds_alternative<WebSocketDisconnect>(event)) {
    owner->websockets.erase(stream);
  }
  this->send(process, Event(std::move(event)), send);
}

// One of which the process dies is refused when its time is over, as one that is not decided.
void Distributor::route(HandshakeEvent& event, const Send& send) {
  const StreamId stream = std::get<HandshakeAsked>(event).stream;
  const ProcessId named = process_of(stream);
  this->send(has(named) ? named : choose_for_request(), Event(std::move(event)), send);
}

void Distributor::route(SocketIoEvent& event, const Send& send) {
  std::visit([&](auto& one) { route(one, send); }, event);
}

// Waits for the SocketConnect behind it, which says which process is to have the session.
void Distributor::route(SessionOpened& event, const Send&) { opened_ = std::move(event); }

void Distributor::route(SocketConnect& event, const Send& send) {
  const ProcessId named = process_of(event.session);
  const auto session = sessions_.find(event.session);
  const ProcessId process = session != sessions_.end() ? session->second.owner
                            : named != no_process      ? named
                                                       : choose_for_session(event);
  assign(event.session, process);
  if (event.recovered) {
    // Only the process that had the client before knows it.
    const auto former = sockets_.find(*event.recovered);
    const bool is_same = former != sockets_.end() && former->second.owner == process;
    if (former != sockets_.end()) sockets_.erase(former);
    if (!is_same) event.recovered.reset();
  }
  sockets_.emplace(event.socket, SocketEntry{process, event.session});
  if (!has(process)) {
    duties_.lost_sessions.insert(event.session);
    opened_.reset();
    return;
  }
  if (opened_ && opened_->session == event.session) {
    send(process, Event(SocketIoEvent(std::move(*opened_))));
  }
  opened_.reset();
  send(process, Event(SocketIoEvent(std::move(event))));
}

void Distributor::route(SessionClosed& event, const Send& send) {
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

void Distributor::route(SessionSignalled& event, const Send& send) {
  const auto session = sessions_.find(event.session);
  if (session != sessions_.end()) {
    this->send(session->second.owner, Event(SocketIoEvent(event)), send);
  }
}

void Distributor::route(SocketEvent& event, const Send& send) {
  route_to_owner(event.socket, Event(SocketIoEvent(std::move(event))), send);
}

void Distributor::route(SocketAcknowledged& event, const Send& send) {
  const ProcessId asker = process_in(event.callback_id);
  event.callback_id &= number_mask;
  this->send(asker, Event(SocketIoEvent(std::move(event))), send);
}

void Distributor::route(SocketAcksLost& event, const Send& send) {
  std::map<ProcessId, std::vector<std::uint64_t>> lost;
  for (const std::uint64_t id : event.callback_ids) {
    lost[process_in(id)].push_back(id & number_mask);
  }
  for (auto& [asker, ids] : lost) {
    this->send(asker, Event(SocketIoEvent(SocketAcksLost{event.socket, std::move(ids), event.why})),
               send);
  }
}

// Those that wait for its acknowledgements are told too.
void Distributor::route(SocketDisconnect& event, const Send& send) {
  const auto socket = sockets_.find(event.socket);
  if (socket == sockets_.end()) return;
  SocketEntry& entry = socket->second;
  const bool may_return = event.may_return;
  const Event told = SocketIoEvent(std::move(event));
  for (const ProcessId asker : std::exchange(entry.askers, {})) this->send(asker, told, send);
  if (has(entry.owner)) {
    if (!may_return) note_gone(entry);
    return send(entry.owner, told);
  }
  if (may_return) return;
  duties_.commands.emplace_back(SocketReleased{socket->first});
  sockets_.erase(socket);
}

void Distributor::route(SocketForgotten& event, const Send& send) {
  const auto socket = sockets_.find(event.socket);
  if (socket != sockets_.end() && has(socket->second.owner)) {
    note_gone(socket->second);
    return send(socket->second.owner, Event(SocketIoEvent(event)));
  }
  // It may have been refused.
  duties_.commands.emplace_back(SocketReleased{event.socket});
  if (socket != sockets_.end()) sockets_.erase(socket);
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
  lose_socket(get_message<SocketEvent>(event));
  lose_socket(get_message<SocketAcknowledged>(event));
}

// --- commands ---

bool Distributor::admit(ProcessId from, Command& command) {
  return std::visit([&](auto& group) { return admit(from, group); }, command);
}

bool Distributor::owns(ProcessId process, SocketId socket) const {
  const auto found = sockets_.find(socket);
  return found != sockets_.end() && found->second.owner == process;
}

void Distributor::end_request(ProcessId process, StreamId stream) {
  if (Process* const owner = find(process)) owner->requests.erase(stream);
}

// It may become a session, of the same number.
void Distributor::hand_over(ProcessId process, StreamId stream) {
  Process* const owner = find(process);
  if (owner == nullptr) return;
  if (owner->requests.erase(stream) + owner->websockets.erase(stream) > 0) assign(stream, process);
}

bool Distributor::admit(ProcessId from, HttpCommand& command) {
  const StreamId stream = std::visit([](const auto& one) { return one.stream; }, command);
  if (process_of(stream) != from) return false;
  const auto ends = [](const auto& one) {
    using Alternative = std::decay_t<decltype(one)>;
    if constexpr (requires { one.more_body; }) return !one.more_body;
    return std::is_same_v<Alternative, HttpTrailers> || std::is_same_v<Alternative, HttpFail>;
  };
  if (std::holds_alternative<HttpHandOver>(command)) {
    hand_over(from, stream);
  } else if (std::visit(ends, command)) {
    end_request(from, stream);
  }
  return true;
}

bool Distributor::admit(ProcessId from, WebSocketCommand& command) {
  const StreamId stream = std::visit([](const auto& one) { return one.stream; }, command);
  if (process_of(stream) != from) return false;
  if (std::holds_alternative<WebSocketHandOver>(command)) hand_over(from, stream);
  return true;
}

bool Distributor::admit(ProcessId, ServerCommand& command) {
  return std::holds_alternative<Ask>(command) || std::holds_alternative<CommandsHeldUp>(command) ||
         std::holds_alternative<TellProcesses>(command) ||
         std::holds_alternative<ProcessPong>(command);
}

bool Distributor::admit(ProcessId from, SocketIoCommand& command) {
  const auto visitor = [&]<typename Alternative>(Alternative& one) {
    if constexpr (std::is_same_v<Alternative, DefineRelays>) {
      return add_process(from, one.id);
    } else if constexpr (std::is_same_v<Alternative, SocketAccept>) {
      return owns(from, one.socket) && (!one.relays || add_process(from, *one.relays));
    } else if constexpr (std::is_same_v<Alternative, SocketEmit>) {
      return admit_emit(from, one);
    } else if constexpr (std::is_same_v<Alternative, SocketRefuse>) {
      return admit_refusal(from, one.socket);
    } else if constexpr (std::is_same_v<Alternative, SocketAck> ||
                         std::is_same_v<Alternative, SocketEventsDone> ||
                         std::is_same_v<Alternative, SocketWatch>) {
      return owns(from, one.socket);
    } else if constexpr (std::is_same_v<Alternative, SocketReleased>) {
      const auto socket = sockets_.find(one.socket);
      if (socket == sockets_.end() || socket->second.owner != from) return false;
      if (socket->second.presence == Presence::gone) release(sockets_, socket);
      return true;
    } else if constexpr (std::is_same_v<Alternative, SessionReleased>) {
      const auto session = sessions_.find(one.session);
      if (session == sessions_.end()) return process_of(one.session) == from;
      if (session->second.owner != from) return false;
      if (session->second.presence == Presence::gone) release(sessions_, session);
      return true;
    } else if constexpr (std::is_same_v<Alternative, WatchRooms>) {
      return watch(from, one.name_space);
    } else if constexpr (std::is_same_v<Alternative, UnwatchRooms>) {
      return unwatch(from, one.name_space);
    } else {
      return true;
    }
  };
  return std::visit(visitor, command);
}

// Nothing more is heard of a socket that is refused; one that has gone is released.
bool Distributor::admit_refusal(ProcessId from, SocketId socket) {
  const auto found = sockets_.find(socket);
  if (found == sockets_.end() || found->second.owner != from) return false;
  if (found->second.presence == Presence::here) sockets_.erase(found);
  return true;
}

bool Distributor::admit_emit(ProcessId from, SocketEmit& command) {
  if (!command.callback_id) return true;
  if (!add_process(from, *command.callback_id)) return false;
  const auto socket = sockets_.find(command.socket);
  if (socket != sockets_.end() && socket->second.owner != from) {
    socket->second.askers.insert(from);
  }
  return true;
}

bool Distributor::watch(ProcessId from, const std::string& name_space) {
  return watchers_[name_space].insert(from).second;
}

// Whether no process watches it any more.
bool Distributor::unwatch(ProcessId from, const std::string& name_space) {
  const auto found = watchers_.find(name_space);
  if (found == watchers_.end()) return false;
  if (found->second.erase(from) == 0 || !found->second.empty()) return false;
  watchers_.erase(found);
  return true;
}

}  // namespace sioserve::processes
