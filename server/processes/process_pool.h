// The Python processes for the I/O thread: sends each its events, and carries out its commands.
//
// All events of a turn are written together, and nothing waits: what a process does not read is
// kept, up to a limit, above which the sockets of its clients are not read. What comes without them
// (new requests, answers) may fill it further, but not without end: then the process is given up.
// Commands of one process are carried out for some time only before the others, and sockets and
// timers, have their turn.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "server/base/file_descriptor.h"
#include "server/base/logger.h"
#include "server/net/async.h"
#include "server/net/deferred_queue.h"
#include "server/net/local_channel.h"
#include "server/net/loop.h"
#include "server/net/timer.h"
#include "server/port/channel.h"
#include "server/port/event_sink.h"
#include "server/port/messages.h"
#include "server/port/questions.h"
#include "server/processes/distributor.h"

namespace sioserve::processes {

// What the pool asks of the I/O thread.
class PoolOwner {
 public:
  // What is wrong with the values of a command, for the log. A command that has no fault can be
  // carried out.
  virtual std::optional<std::string_view> fault_of(const Command& command) const = 0;
  virtual void carry_out_for_process(Command command) = 0;
  virtual Answer answer_for_process(const Question& question) = 0;
  // The process of a request or WebSocket has died; or there was none for it.
  virtual void process_lost(StreamId stream) = 0;
  virtual void no_process_for(StreamId stream) = 0;
  // The sessions of a process that has died: their clients shall come back.
  virtual void sessions_lost(const std::unordered_set<SessionId>& sessions) = 0;
  virtual void process_reported(std::uint64_t place, const ProcessFigures& figures) = 0;
  // Its relays are not needed for other sockets.
  virtual void process_ended(ProcessId process) = 0;
  // A process that was full() has room again.
  virtual void process_has_space() = 0;

 protected:
  ~PoolOwner() = default;
};

// Lives on the I/O thread.
class ProcessPool final : public EventSink, net::DeferredTask {
 public:
  // `server_events`: gets the events of the server, such as log lines. `max_bytes`: of events that
  // wait for one process.
  ProcessPool(net::Loop& loop, EventSink& server_events, std::size_t max_bytes,
              const Logger& logger, PoolOwner& owner);
  ~ProcessPool() override;

  // The process at the other end of `socket` is ready. `id` is a new one; `name` is for the log;
  // `place`: see ProcessStatus.
  void add(ProcessId id, FileDescriptor socket, std::string name, std::uint64_t place = 0);
  // RetireProcesses, EndProcess; others are not for the pool.
  void handle(const ProcessCommand& command);
  // Of each process that is ready, in the order of their numbers.
  std::vector<ProcessStatus> status() const;
  // Every process is told of this.
  void tell_all(const Event& event);

  StreamId next_request() { return distributor_.next_request(); }
  StreamId next_websocket() { return distributor_.next_websocket(); }
  StreamId next_session() { return distributor_.next_session(); }

  void push(Event event) override;
  bool full(StreamId stream) const override;
  bool log_lines_full() const override { return server_events_.log_lines_full(); }

 private:
  struct Process;

  void on_turn_end() override;
  void send_to(ProcessId id, const Event& event);
  void handle(const RetireProcesses& command);
  void handle(const EndProcess& command);
  // The process is lost at the end of the turn: the Distributor may be at work.
  void doom(Process& process, std::string why);
  void schedule() { deferred_queue_.schedule(*this); }
  void on_ready(Process& process);
  // False: the process is gone.
  bool write(Process& process);
  void read(Process& process);
  // Carries out what has arrived. True: nothing is left.
  bool carry_out(Process& process, std::chrono::steady_clock::time_point end);
  void carry_out_safely(Process& process, Command command);
  void carry_out(Process& process, Command command);
  Answer answer(const Process& process, const Question& question);
  // Processes show once a second that their event loops are not blocked.
  void ping_all();
  void note_pong(Process& process, const ProcessPong& pong) const;
  void tell(const Process& from, const TellProcesses& command);
  void continue_reading();
  Process* find(ProcessId id) const;
  void lose(Process& process, std::string_view why);
  void do_duties();
  // Closes the lost sessions in parts, so that their clients do not all come back together.
  void close_lost_sessions();
  void count_orphan_time();

  net::Loop& loop_;
  net::DeferredQueue& deferred_queue_;
  EventSink& server_events_;
  const std::size_t max_bytes_;
  const Logger& logger_;
  PoolOwner& owner_;
  Distributor distributor_;
  std::map<ProcessId, std::unique_ptr<Process>> processes_;
  net::Async more_to_read_;
  net::Timer ping_;
  std::deque<SessionId> lost_sessions_;  // to be closed
  std::size_t closed_at_once_ = 0;
  net::Timer closing_;
  int orphan_seconds_ = 0;  // for which sessions have waited for a process
};

}  // namespace sioserve::processes
