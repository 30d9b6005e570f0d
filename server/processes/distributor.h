// Which Python process gets which event, and what a process may command.
//
// The number of a request or a WebSocket names its process (process_of). A Socket.IO session has no
// process until its first CONNECT; from then on it belongs to one process, with all its namespaces.
// A client that comes back (connection state recovery) goes to the process that had it, or, if that
// has ended or retires, to another one with the state that was kept of its socket (KeepSocket).
//
// A session moves to another process if that of its own retires or dies, and if what the next one
// needs was kept with the session (KeepSession, KeepSocket). While it moves, its events wait.
//
// Numbers that a process chooses itself get the number of the process on their way to the I/O side
// and lose it on their way back: those of relays, and of the callbacks for acknowledgements. So the
// answer to an emit reaches the process that has asked, whichever process the socket belongs to.
//
// Knows no sockets and no time. Its owner sends events, carries out commands that admit() lets
// through, and does what take_duties() says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "server/port/ids.h"
#include "server/port/messages.h"

namespace sioserve::processes {

// One run of a Python process; never used again. 24 bits.
enum class ProcessId : std::uint32_t {};
inline constexpr ProcessId no_process{};

// The process of a request or a WebSocket; of a session that was handed over by one.
ProcessId process_of(StreamId stream);

// Lives on the I/O thread.
class Distributor {
 public:
  // Sends an event to a process that is ready. Must not call the Distributor, except give_up().
  using Send = std::function<void(ProcessId, const Event&)>;

  explicit Distributor(Send send) : send_(std::move(send)) {}

  // The process can be given work from now on.
  void add(ProcessId process);
  // The process has died, or what it sends can't be understood. Nothing is sent to it any more.
  void remove(ProcessId process);
  bool has(ProcessId process) const { return processes_.contains(process); }
  std::size_t size() const { return processes_.size(); }
  // These processes get no new work, unless all are retired; their sessions move, or are closed.
  void retire(const std::vector<ProcessId>& retired, MoveReason why);
  // Whether a retired process has nothing left to do.
  bool is_done(ProcessId process) const;

  // The number of a new request or WebSocket. That of no_process: none is ready.
  StreamId next_request();
  StreamId next_websocket();
  // The number of a session, or of a question about a handshake.
  StreamId next_session() { return number(no_process); }

  // For everything but events of the server, which are not for these processes.
  void route(Event event);
  // The process that gets the events of a request, WebSocket or session; no_process: none yet.
  ProcessId owner_of(StreamId stream) const;
  // Whether no more is to be read for a session, because its events wait for a process.
  bool holds_back(StreamId stream) const;
  // Sessions that wait because no process was ready to take them.
  bool has_orphans() const { return !orphans_.empty(); }
  // They have waited for too long: they are lost.
  void give_up_orphans();
  // An event can't be sent: what it is about ends, as if its process had died.
  void give_up(const Event& event);
  // False: the process may not do that, or it concerns something that has gone.
  bool admit(ProcessId from, Command& command);

  // What the owner has to do, because a process has died or none was there.
  struct Duties {
    std::vector<StreamId> lost_streams;           // whose process has died
    std::vector<StreamId> refused_streams;        // for which there was no process
    std::unordered_set<SessionId> lost_sessions;  // to be closed, so that their clients come back
    std::vector<Command> commands;                // in the place of a process that has died
    std::uint64_t lost_events = 0;                // that a process had not handled when it died
    bool has_space = false;                       // sessions that held_back() may be read again
    bool empty() const {
      return lost_streams.empty() && refused_streams.empty() && lost_sessions.empty() &&
             commands.empty() && lost_events == 0 && !has_space;
    }
  };
  Duties take_duties();

  // Sessions and sockets that have gone and that the process has not released.
  std::size_t leaving(ProcessId process) const;
  // Sessions of all processes.
  std::size_t client_count() const;
  // Without delay and silence.
  ProcessStatus status_of(ProcessId process) const;

 private:
  using Streams = std::unordered_set<StreamId>;
  struct Process {
    Streams requests;
    Streams websockets;
    std::size_t sessions = 0;
    std::size_t leaving = 0;  // sessions and sockets that have gone and are not released
    std::unordered_set<SocketId> asked = {};  // for the state of these sockets
    std::uint64_t requests_total = 0;
    std::uint64_t connections_total = 0;
    std::uint64_t latest = 0;  // when it was chosen last: equals take turns
    std::optional<MoveReason> retired = std::nullopt;
  };
  enum class Presence { here, gone };
  // The events of a session that moves.
  struct Hold {
    MoveReason why;
    std::vector<Event> events = {};
    std::size_t bytes = 0;
  };
  struct SessionEntry {
    ProcessId owner;  // no_process: it waits for one
    Presence presence = Presence::here;
    std::optional<std::string> state = std::nullopt;
    std::vector<SocketId> sockets = {};  // connected ones
    std::unique_ptr<Hold> hold = nullptr;
  };
  // A question that is not decided yet.
  struct Handshake {
    ProcessId asked;
    HandshakeAsked question;
  };
  struct SocketEntry {
    ProcessId owner;
    SessionId session;
    Presence presence = Presence::here;
    std::set<ProcessId> askers = {};  // other processes that wait for its acknowledgements
    std::optional<std::string> state = std::nullopt;
    std::uint64_t unhandled = 0;    // events
    ProcessId former = no_process;  // before it moved: may still acknowledge
    bool is_announced = true;       // false: its SocketConnect is in a Hold
    bool is_away = false;           // disconnected, and its client may return
  };

  StreamId number(ProcessId process);
  Process* find(ProcessId process);
  std::vector<SessionId> sessions_of(ProcessId process) const;
  template <typename Load>
  ProcessId choose(Load load);
  ProcessId choose_for_request();
  ProcessId choose_for_connection();
  ProcessId choose_for_session(const SocketConnect& event);
  void assign(SessionId session, ProcessId process);
  template <typename Entry>
  void note_gone(Entry& entry);
  template <typename Table>
  void release(Table& table, typename Table::iterator gone) {
    if (Process* const owner = find(gone->second.owner)) --owner->leaving;
    table.erase(gone);
  }

  void send(ProcessId process, const Event& event) const;

  void route(HttpEvent& event);
  void route(WebSocketEvent& event);
  void route(HandshakeEvent& event);
  void ask_again(ProcessId died);
  void route(SocketIoEvent& event);
  void route(ClusterEvent& event);
  void route(AskedByServer& event);
  void route(ServersAnswered& event);
  void route(ProcessEvent&) {}
  void route(ServerEvent&) {}

  void route(SessionOpened& event);
  void route(SessionClosed& event);
  void route(SocketConnect& event);
  void route(SessionSignalled& event);
  void route(SocketEvent& event);
  void route(SocketAcknowledged& event);
  void route(SocketAcksLost& event);
  void route(SocketDisconnect& event);
  void route(SocketForgotten& event);

  // --- moves (session_moves.cc) ---
  // True: the session moves, and the event waits.
  template <typename Alternative>
  bool hold(SessionId session, Alternative& event);
  // One that belongs to this process, or null.
  SessionEntry* session_here(ProcessId from, SessionId session);
  void ask_to_move(SessionId session, SessionEntry& entry, MoveReason why);
  bool can_move(const SessionEntry& entry) const;
  void orphan(SessionId session, SessionEntry& entry);
  void find_process(SessionId session, SessionEntry& entry);
  void give(SessionId session, SessionEntry& entry, ProcessId process);
  void lose(SessionId session, SessionEntry& entry);
  void release_held(SessionEntry& entry);
  void forget_socket(SocketId socket);
  void ask_for_state(SocketId id, const SocketEntry& socket);
  void expect_no_state(SocketId id, const SocketEntry& socket);
  void take_back(SocketConnect& event, ProcessId process);
  void carry_out(ProcessId from, KeepSession& command);
  void carry_out(ProcessId from, KeepSocket& command);
  void carry_out(ProcessId from, const LetSessionGo& command);
  void carry_out(ProcessId from, const GiveUpSession& command);

  bool admit(ProcessId from, HttpCommand& command);
  bool admit(ProcessId from, WebSocketCommand& command);
  bool admit(ProcessId from, HandshakeCommand& command);
  bool admit(ProcessId from, SocketIoCommand& command);
  bool admit(ProcessId from, ClusterCommand& command);
  bool admit(ProcessId from, ProcessCommand& command);
  bool admit(ProcessId, ServerCommand& command);

  bool owns(ProcessId process, SocketId socket) const;
  bool has_owned(ProcessId process, SocketId socket) const;
  bool admit_done(ProcessId from, const SocketEventsDone& command);
  void end_request(ProcessId process, StreamId stream);
  void hand_over(ProcessId process, StreamId stream, Streams Process::*kind);
  bool admit_refusal(ProcessId from, SocketId socket);
  bool admit_emit(ProcessId from, SocketEmit& command);
  bool watch(ProcessId from, const std::string& name_space);
  bool unwatch(ProcessId from, const std::string& name_space);

  const Send send_;
  std::map<ProcessId, Process> processes_;
  std::unordered_map<SessionId, SessionEntry> sessions_;  // until they are released
  std::unordered_map<SocketId, SocketEntry> sockets_;     // until they are released
  std::unordered_map<StreamId, Handshake> handshakes_;
  std::set<SessionId> orphans_;
  std::map<std::string, std::set<ProcessId>> watchers_;  // of rooms, by namespace
  std::optional<SessionOpened> opened_;                  // of the SocketConnect that is next
  Duties duties_;
  std::uint64_t last_number_ = 0;
  std::uint64_t choices_ = 0;
};

}  // namespace sioserve::processes
