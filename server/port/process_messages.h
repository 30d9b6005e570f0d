// The Python processes of --workers across the port: the I/O process that manages them, and what
// they say to each other.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "server/base/clock.h"
#include "server/port/ids.h"

namespace sioserve {

// Why a Python process ends, or its sessions move to another one.
enum class MoveReason { reload, recycling, crash };

// --- events ---

// Another Python process has posted a TellProcesses.
struct ToldByProcess {
  std::uint64_t from;
  std::string payload;
};

// Another Python process has ended: it answers nothing any more.
struct ProcessLeft {
  std::uint64_t process;
};

// Answered by ProcessPong on the event loop, which shows that it is not blocked.
struct ProcessPing {
  std::uint64_t number;
};

// A session is to move to another process. Its later events wait. Answered by LetSessionGo, when
// its earlier events are handled, or by GiveUpSession.
struct SessionMoveAsked {
  SessionId session;
  MoveReason why;
};

// The client of this socket is away and may be recovered: keep the socket's state for another
// process. Answered by KeepSocket, when its handlers have run.
struct SocketStateAsked {
  SocketId socket;
};

struct MovedSocket {
  SocketId socket;
  std::string state;  // as kept with KeepSocket
};

// The session of another process belongs to this one from now on. Its events follow.
struct SessionMoved {
  SessionId session;
  MoveReason why;
  std::string state;  // as kept with KeepSession
  std::vector<MovedSocket> sockets;
};

using ProcessEvent = std::variant<ToldByProcess, ProcessLeft, ProcessPing, SessionMoveAsked,
                                  SessionMoved, SocketStateAsked>;

// --- commands of a Python process ---

// A text for another Python process, or for all others, if there are some. It reaches them behind
// the effects of the commands that were posted before.
struct TellProcesses {
  std::uint64_t to;  // 0: all others
  std::string payload;
};

struct ProcessPong {
  std::uint64_t number;
};

// What a Python process reports of itself every second, where the server has metrics.
struct ProcessFigures {
  std::chrono::microseconds loop_delay{0};  // until the event loop runs a callback
  std::chrono::microseconds gil_wait{0};    // until a thread gets the GIL
  std::chrono::microseconds cpu_time{0};    // used since its start
  std::chrono::microseconds gc_time{0};     // of Python's garbage collector since the first report
  std::uint64_t resident_bytes = 0;
  // Of the pool for synchronous code:
  std::uint64_t threads_limit = 0;
  std::uint64_t threads_busy = 0;
  std::uint64_t threads_borrowed = 0;
  std::uint64_t threads_queued = 0;  // calls that wait
  std::uint64_t threads_refused = 0;
  std::chrono::microseconds threads_oldest_wait{0};
};

// What the next process of the session needs, as JSON that only Python reads; replaces an earlier
// one. Empty: it can't be served by another one. A session can move if it and all its connected
// sockets have a state.
struct KeepSession {
  SessionId session;
  std::string state;
};
struct KeepSocket {
  SocketId socket;
  std::string state;
};

// The answer to SessionMoveAsked: the session moves with what was kept last.
struct LetSessionGo {
  SessionId session;
};

// The process can't serve the session: it is closed so that its client comes back.
struct GiveUpSession {
  SessionId session;
};

// --- commands of the I/O process's own application thread ---

// These processes get no new work, and no sessions of each other. When one has no work left, its
// connection ends.
struct RetireProcesses {
  std::vector<std::uint64_t> processes;
  MoveReason why;
};

// The connection ends now, as if the process had died.
struct EndProcess {
  std::uint64_t process;
};

using ProcessCommand =
    std::variant<TellProcesses, ProcessPong, KeepSession, KeepSocket, LetSessionGo, GiveUpSession,
                 RetireProcesses, EndProcess, ProcessFigures>;

// --- questions ---

// The other Python processes that are ready; none where Python runs in the I/O process.
struct ProcessNumbers {
  std::vector<std::uint64_t> numbers;
};
struct OtherProcesses {
  using Answer = ProcessNumbers;
};

struct ProcessStatus {
  std::uint64_t process = 0;
  std::uint64_t place = 0;  // among the processes; the one that replaces it has the same
  bool is_retiring = false;
  std::uint64_t requests = 0;        // unfinished
  std::uint64_t requests_total = 0;  // since its start
  std::uint64_t websockets = 0;
  std::uint64_t sessions = 0;  // of Socket.IO
  std::uint64_t connections_total =
      0;                   // WebSockets, and sessions that began without the application
  Milliseconds delay{0};   // from the latest ping to its pong
  Milliseconds silent{0};  // since a ping that is not answered yet; 0: none
};
struct ProcessesAsked {
  using Answer = std::vector<ProcessStatus>;
};

struct Total {
  std::uint64_t number = 0;
};
// The sessions of all processes that have connected to a namespace.
struct ClientCount {
  using Answer = Total;
};

}  // namespace sioserve
