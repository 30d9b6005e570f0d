// Which Python process gets which event, and what a process may command.
//
// The number of a request or a WebSocket names its process (process_of). A Socket.IO session has no
// process until its first CONNECT; from then on it belongs to one process, with all its namespaces.
// A client that comes back (connection state recovery) goes to the process that had it.
//
// Numbers that a process chooses itself get the number of the process on their way to the I/O side
// and lose it on their way back: those of relays, and of the callbacks for acknowledgements. So the
// answer to an emit reaches the process that has asked, whichever process the socket belongs to.
//
// Knows no sockets and no time. Its owner sends events where route() says, carries out commands
// that admit() lets through, and does what take_duties() says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
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
  // Sends an event to a process that is ready.
  using Send = std::function<void(ProcessId, const Event&)>;

  // The process can be given work from now on.
  void add(ProcessId process);
  // The process has died, or what it sends can't be understood. Nothing is sent to it any more.
  void remove(ProcessId process);
  bool has(ProcessId process) const { return processes_.contains(process); }
  std::size_t size() const { return processes_.size(); }
  // The process gets no new work, unless all are retired.
  void retire(ProcessId process, MoveReason why);
  // Whether a retired process has nothing left to do.
  bool is_done(ProcessId process) const;

  // The number of a new request or WebSocket. That of no_process: none is ready.
  StreamId next_request();
  StreamId next_websocket();
  // The number of a session, or of a question about a handshake.
  StreamId next_session() { return number(no_process); }

  // For everything but events of the server, which are not for these processes.
  void route(Event event, const Send& send);
  // The process that gets the events of a request, WebSocket or session; no_process: none yet.
  ProcessId owner_of(StreamId stream) const;
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
    bool empty() const {
      return lost_streams.empty() && refused_streams.empty() && lost_sessions.empty() &&
             commands.empty();
    }
  };
  Duties take_duties();

  // Without delay and silence.
  ProcessStatus status_of(ProcessId process) const;

 private:
  struct Process {
    std::unordered_set<StreamId> requests;
    std::unordered_set<StreamId> websockets;
    std::size_t sessions = 0;
    std::size_t leaving = 0;  // sessions and sockets that have gone and are not released
    std::uint64_t requests_total = 0;
    std::uint64_t latest = 0;  // when it was chosen last: equals take turns
    bool is_retired = false;
  };
  enum class Presence { here, gone };
  struct SessionEntry {
    ProcessId owner;
    Presence presence = Presence::here;
  };
  struct SocketEntry {
    ProcessId owner;
    SessionId session;
    Presence presence = Presence::here;
    std::set<ProcessId> askers = {};  // other processes that wait for its acknowledgements
  };

  StreamId number(ProcessId process);
  Process* find(ProcessId process);
  template <typename Load>
  ProcessId choose(Load load);
  ProcessId choose_for_request();
  ProcessId choose_for_connection();
  ProcessId choose_for_session(const SocketConnect& event);
  void assign(SessionId session, ProcessId process);
  template <typename Entry>
  void note_gone(Entry& entry);
  template <typename Table>
  void release(Table& table, typename Table::iterator gone);

  void send(ProcessId process, const Event& event, const Send& send) const;
  void route_to_owner(SocketId socket, const Event& event, const Send& send) const;

  void route(HttpEvent& event, const Send& send);
  void route(WebSocketEvent& event, const Send& send);
  void route(HandshakeEvent& event, const Send& send);
  void route(SocketIoEvent& event, const Send& send);
  void route(ServerEvent&, const Send&) {}

  void route(SessionOpened& event, const Send& send);
  void route(SessionClosed& event, const Send& send);
  void route(SocketConnect& event, const Send& send);
  void route(SessionSignalled& event, const Send& send);
  void route(SocketEvent& event, const Send& send);
  void route(SocketAcknowledged& event, const Send& send);
  void route(SocketAcksLost& event, const Send& send);
  void route(SocketDisconnect& event, const Send& send);
  void route(SocketForgotten& event, const Send& send);

  bool admit(ProcessId from, HttpCommand& command);
  bool admit(ProcessId from, WebSocketCommand& command);
  bool admit(ProcessId, HandshakeCommand&) { return true; }
  bool admit(ProcessId from, SocketIoCommand& command);
  bool admit(ProcessId, ServerCommand& command);

  bool owns(ProcessId process, SocketId socket) const;
  void end_request(ProcessId process, StreamId stream);
  void hand_over(ProcessId process, StreamId stream);
  bool admit_refusal(ProcessId from, SocketId socket);
  bool admit_emit(ProcessId from, SocketEmit& command);
  bool watch(ProcessId from, const std::string& name_space);
  bool unwatch(ProcessId from, const std::string& name_space);

  std::map<ProcessId, Process> processes_;
  std::unordered_map<SessionId, SessionEntry> sessions_;  // until they are released
  std::unordered_map<SocketId, SocketEntry> sockets_;     // until they are released
  std::map<std::string, std::set<ProcessId>> watchers_;   // of rooms, by namespace
  std::optional<SessionOpened> opened_;                   // of the SocketConnect that is next
  Duties duties_;
  std::uint64_t last_number_ = 0;
  std::uint64_t choices_ = 0;
};

}  // namespace sioserve::processes
