// Which commands of a Python process the I/O side carries out: those about what belongs to it.
#include <type_traits>
#include <utility>
#include <variant>

#include "server/processes/distributor.h"
#include "server/processes/process_numbers.h"

namespace sioserve::processes {

bool Distributor::admit(ProcessId from, Command& command) {
  return std::visit([&](auto& group) { return admit(from, group); }, command);
}

bool Distributor::admit(ProcessId from, HandshakeCommand& command) {
  const auto* const decision = std::get_if<HandshakeDecision>(&command);
  if (decision == nullptr) return true;
  const auto asked = handshakes_.find(decision->stream);
  if (asked == handshakes_.end() || asked->second.asked != from) return false;
  handshakes_.erase(asked);
  return true;
}

bool Distributor::owns(ProcessId process, SocketId socket) const {
  const auto found = sockets_.find(socket);
  return found != sockets_.end() && found->second.owner == process;
}

// Handlers of the former process may still acknowledge.
bool Distributor::has_owned(ProcessId process, SocketId socket) const {
  const auto found = sockets_.find(socket);
  return found != sockets_.end() && found->second.former == process;
}

bool Distributor::admit_done(ProcessId from, const SocketEventsDone& command) {
  if (!owns(from, command.socket)) return false;
  std::uint64_t& unhandled = sockets_.at(command.socket).unhandled;
  unhandled -= std::min<std::uint64_t>(unhandled, command.count);
  return true;
}

void Distributor::end_request(ProcessId process, StreamId stream) {
  if (Process* const owner = find(process)) owner->requests.erase(stream);
}

// It may become a session, of the same number.
void Distributor::hand_over(ProcessId process, StreamId stream, Streams Process::*kind) {
  Process* const owner = find(process);
  if (owner != nullptr && (owner->*kind).erase(stream) > 0) assign(stream, process);
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
    hand_over(from, stream, &Process::requests);
  } else if (std::visit(ends, command)) {
    end_request(from, stream);
  }
  return true;
}

bool Distributor::admit(ProcessId from, WebSocketCommand& command) {
  const StreamId stream = std::visit([](const auto& one) { return one.stream; }, command);
  if (process_of(stream) != from) return false;
  if (std::holds_alternative<WebSocketHandOver>(command))
    hand_over(from, stream, &Process::websockets);
  return true;
}

bool Distributor::admit(ProcessId, ServerCommand& command) {
  return std::holds_alternative<Ask>(command) || std::holds_alternative<CommandsHeldUp>(command);
}

bool Distributor::admit(ProcessId from, ClusterCommand& command) {
  auto* const asking = std::get_if<AskServers>(&command);
  return !asking || asking->number == 0 || add_process(from, asking->number);
}

// What is about moves is carried out here.
bool Distributor::admit(ProcessId from, ProcessCommand& command) {
  const auto visitor = [&]<typename Alternative>(Alternative& one) {
    if constexpr (std::is_same_v<Alternative, KeepSession> ||
                  std::is_same_v<Alternative, KeepSocket> ||
                  std::is_same_v<Alternative, LetSessionGo> ||
                  std::is_same_v<Alternative, GiveUpSession>) {
      carry_out(from, one);
      return false;
    } else {
      return std::is_same_v<Alternative, TellProcesses> ||
             std::is_same_v<Alternative, ProcessPong> ||
             std::is_same_v<Alternative, ProcessFigures>;
    }
  };
  return std::visit(visitor, command);
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
    } else if constexpr (std::is_same_v<Alternative, SocketAck>) {
      return owns(from, one.socket) || has_owned(from, one.socket);
    } else if constexpr (std::is_same_v<Alternative, SocketWatch>) {
      return owns(from, one.socket);
    } else if constexpr (std::is_same_v<Alternative, SocketEventsDone>) {
      return admit_done(from, one);
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
  if (found->second.presence == Presence::here) {
    forget_socket(socket);
    sockets_.erase(found);
  }
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
