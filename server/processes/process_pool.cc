#include "server/processes/process_pool.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include "server/base/local_socket.h"
#include "server/processes/allowance.h"

namespace sioserve::processes {
namespace {

using Clock = std::chrono::steady_clock;
using Interest = net::LocalChannel::Interest;

// How long the commands of one process are carried out before others have their turn.
constexpr std::chrono::milliseconds command_budget{1};

// How many times as much as usual may wait for a process before it is given up.
constexpr std::size_t patience = 4;

constexpr Milliseconds ping_interval{1'000};

// Lost sessions are closed in parts, all within about five seconds.
constexpr Milliseconds closing_interval{100};
constexpr std::size_t closing_parts = 50;
constexpr std::size_t smallest_part = 20;

// How long sessions wait for a process that can take them.
constexpr int orphan_patience = 30;  // seconds

}  // namespace

struct ProcessPool::Process {
  Process(ProcessId number, std::string log_name, std::uint64_t own_place, std::size_t max_bytes)
      : id(number), place(own_place), name(std::move(log_name)), end(max_bytes) {}

  const ProcessId id;
  const std::uint64_t place;
  const std::string name;
  port::IoEnd end;
  Allowance allowance;
  std::unique_ptr<net::LocalChannel> channel;
  bool has_more_to_read = false;    // its commands took too long
  bool lost = false;                // to be destroyed at the end of the turn
  std::optional<std::string> doom;  // why it is to be lost
  std::uint64_t pings = 0;
  bool is_pinged = false;  // and has not answered yet
  Clock::time_point latest_ping;
  Clock::duration delay{0};  // from the latest answered ping to its pong
};

ProcessPool::ProcessPool(net::Loop& loop, EventSink& server_events, std::size_t max_bytes,
                         const Logger& logger, PoolOwner& owner)
    : loop_(loop),
      deferred_queue_(loop.deferred_queue()),
      server_events_(server_events),
      max_bytes_(max_bytes),
      logger_(logger),
      owner_(owner),
      distributor_([this](ProcessId id, const Event& event) { send_to(id, event); }),
      more_to_read_(loop, [this] { continue_reading(); }),
      ping_(loop,
            [this] {
              ping_all();
              count_orphan_time();
            }),
      closing_(loop, [this] { close_lost_sessions(); }) {
  ping_.start_repeating(ping_interval);
}

ProcessPool::~ProcessPool() = default;

void ProcessPool::add(ProcessId id, FileDescriptor socket, std::string name, std::uint64_t place) {
  auto made = std::make_unique<Process>(id, std::move(name), place, max_bytes_);
  Process& process = *made;
  process.channel = std::make_unique<net::LocalChannel>(loop_, std::move(socket),
                                                        [this, &process] { on_ready(process); });
  process.channel->watch(Interest::reading);
  processes_.emplace(id, std::move(made));
  distributor_.add(id);
}

ProcessPool::Process* ProcessPool::find(ProcessId id) const {
  const auto found = processes_.find(id);
  return found == processes_.end() || found->second->lost ? nullptr : found->second.get();
}

void ProcessPool::handle(const ProcessCommand& command) {
  const auto visitor = [this](const auto& alternative) {
    if constexpr (requires { handle(alternative); }) handle(alternative);
  };
  std::visit(visitor, command);
}

void ProcessPool::handle(const RetireProcesses& command) {
  std::vector<ProcessId> retired;
  for (const std::uint64_t number : command.processes) {
    retired.push_back(ProcessId{static_cast<std::uint32_t>(number)});
  }
  distributor_.retire(retired, command.why);
  schedule();
}

void ProcessPool::handle(const EndProcess& command) {
  Process* const process = find(ProcessId{static_cast<std::uint32_t>(command.process)});
  if (process != nullptr) lose(*process, {});
}

std::vector<ProcessStatus> ProcessPool::status() const {
  std::vector<ProcessStatus> all;
  const auto now = Clock::now();
  for (const auto& [id, process] : processes_) {
    if (process->lost) continue;
    ProcessStatus& status = all.emplace_back(distributor_.status_of(id));
    status.place = process->place;
    status.delay = std::chrono::duration_cast<Milliseconds>(process->delay);
    if (process->is_pinged) {
      status.silent = std::chrono::duration_cast<Milliseconds>(now - process->latest_ping);
    }
  }
  return all;
}

void ProcessPool::ping_all() {
  for (const auto& [id, process] : processes_) {
    if (process->lost) continue;
    if (const auto fault = Allowance::judge_leaving(distributor_.leaving(id))) {
      doom(*process, std::string(*fault));
    }
    if (process->is_pinged) continue;
    process->is_pinged = true;
    process->latest_ping = Clock::now();
    send_to(id, ProcessEvent(ProcessPing{++process->pings}));
  }
}

void ProcessPool::note_pong(Process& process, const ProcessPong& pong) const {
  if (!process.is_pinged || pong.number != process.pings) return;
  process.is_pinged = false;
  process.delay = Clock::now() - process.latest_ping;
}

void ProcessPool::tell_all(const Event& event) {
  for (const auto& [id, process] : processes_) {
    if (!process->lost) send_to(id, event);
  }
}

void ProcessPool::push(Event event) {
  if (std::holds_alternative<ServerEvent>(event)) return server_events_.push(std::move(event));
  distributor_.route(std::move(event));
  schedule();
}

bool ProcessPool::full(StreamId stream) const {
  if (distributor_.holds_back(stream)) return true;
  const auto found = processes_.find(distributor_.owner_of(stream));
  return found != processes_.end() && found->second->end.full();
}

void ProcessPool::send_to(ProcessId id, const Event& event) {
  const auto found = processes_.find(id);
  if (found == processes_.end()) return;
  schedule();
  Process& process = *found->second;
  if (process.end.push(event) == port::FrameWriter::Added::yes) {
    if (process.end.output().size() > patience * max_bytes_) doom(process, "it reads nothing");
    return;
  }
  logger_.log(LogCategory::server, LogLevel::error,
              "a message of a client is too large for " + process.name + ": it is disconnected");
  distributor_.give_up(event);
}

void ProcessPool::doom(Process& process, std::string why) {
  if (!process.doom) process.doom = std::move(why);
  schedule();
}

void ProcessPool::on_turn_end() {
  deferred_queue_.give_work_away();
  for (const auto& [id, process] : processes_) {
    if (process->lost) continue;
    if (process->doom) {
      lose(*process, *process->doom);
    } else if (write(*process) && distributor_.is_done(id)) {
      lose(*process, {});
    }
  }
  std::erase_if(processes_, [](const auto& entry) { return entry.second->lost; });
  do_duties();
}

void ProcessPool::on_ready(Process& process) {
  if (!process.lost && write(process)) read(process);
}

bool ProcessPool::write(Process& process) {
  port::FrameWriter& output = process.end.output();
  while (!output.empty()) {
    const port::FrameWriter::Part part = output.next();
    const LocalSent sent = send_on(process.channel->socket(), part.bytes, part.descriptors);
    if (sent.outcome == LocalIo::ended) {
      // What it had sent before is still carried out.
      read(process);
      return false;
    }
    if (sent.outcome == LocalIo::again) break;
    output.sent(sent.bytes);
  }
  process.channel->watch(output.empty() ? Interest::reading : Interest::reading_and_writing);
  if (process.end.has_become_free()) owner_.process_has_space();
  return true;
}

void ProcessPool::read(Process& process) {
  const auto end = Clock::now() + command_budget;
  for (;;) {
    if (!carry_out(process, end)) return;
    auto received = receive_on(process.channel->socket(), loop_.read_buffer());
    switch (received.outcome) {
      case LocalIo::again:
        return;
      case LocalIo::ended:
        return lose(process, {});
      case LocalIo::done:
        process.end.receive({loop_.read_buffer().data(), received.bytes},
                            std::move(received.descriptors));
    }
  }
}

bool ProcessPool::carry_out(Process& process, Clock::time_point end) {
  for (;;) {
    auto command = process.end.next_command();
    if (!command) {
      lose(process, describe(command.error()));
      return false;
    }
    if (!*command) {
      if (distributor_.is_done(process.id)) schedule();
      return true;
    }
    carry_out_safely(process, std::move(**command));
    if (process.lost) return false;
    if (Clock::now() >= end) {
      process.has_more_to_read = true;
      more_to_read_.send();
      return false;
    }
  }
}

// Whatever a process sends, the I/O thread goes on.
void ProcessPool::carry_out_safely(Process& process, Command command) {
  try {
    carry_out(process, std::move(command));
  } catch (const std::exception& error) {
    doom(process, std::string("a command of it can't be carried out: ") + error.what());
  }
}

void ProcessPool::carry_out(Process& process, Command command) {
  if (const auto* const respond = get_message<HttpRespondFile>(command)) {
    if (respond->file.file->descriptor.get() < 0) {
      logger_.log(LogCategory::server, LogLevel::error,
                  "a file from " + process.name + " can't be sent: no descriptors are left");
      command = HttpFail{respond->stream};
    }
  }
  if (const auto excess = process.allowance.take(command)) {
    return doom(process, std::string(*excess));
  }
  // First: for the distributor, an admitted command may end its request.
  if (const auto fault = owner_.fault_of(command)) {
    return doom(process, "it has sent " + std::string(*fault));
  }
  if (!distributor_.admit(process.id, command)) return;
  if (const Ask* const asked = get_message<Ask>(command)) {
    process.end.give(asked->id, answer(process, asked->question));
    schedule();
    if (process.end.output().size() > patience * max_bytes_) doom(process, "it reads nothing");
    return;
  }
  if (const auto* const told = get_message<TellProcesses>(command)) return tell(process, *told);
  if (const auto* const pong = get_message<ProcessPong>(command)) return note_pong(process, *pong);
  if (const auto* const figures = get_message<ProcessFigures>(command)) {
    // One that replaces it reports for the same place.
    if (!distributor_.status_of(process.id).is_retiring) {
      owner_.process_reported(process.place, *figures);
    }
    return;
  }
  owner_.carry_out_for_process(std::move(command));
}

Answer ProcessPool::answer(const Process& process, const Question& question) {
  if (std::holds_alternative<ProcessesAsked>(question)) return status();
  if (std::holds_alternative<ClientCount>(question)) return Total{distributor_.client_count()};
  if (!std::holds_alternative<OtherProcesses>(question)) {
    return owner_.answer_for_process(question);
  }
  ProcessNumbers others;
  for (const auto& [id, other] : processes_) {
    if (id != process.id && !other->lost) {
      others.numbers.push_back(static_cast<std::uint64_t>(id));
    }
  }
  return others;
}

void ProcessPool::tell(const Process& from, const TellProcesses& command) {
  const Event told =
      ProcessEvent(ToldByProcess{static_cast<std::uint64_t>(from.id), command.payload});
  for (const auto& [id, process] : processes_) {
    const bool meant = command.to == 0 || command.to == static_cast<std::uint64_t>(id);
    if (meant && id != from.id && !process->lost) send_to(id, told);
  }
}

void ProcessPool::continue_reading() {
  for (const auto& [id, process] : processes_) {
    if (!std::exchange(process->has_more_to_read, false) || process->lost) continue;
    read(*process);
  }
}

void ProcessPool::lose(Process& process, std::string_view why) {
  if (std::exchange(process.lost, true)) return;
  process.channel->watch(Interest::none);
  if (!why.empty()) {
    logger_.log(LogCategory::server, LogLevel::error,
                process.name + " was disconnected: " + std::string(why));
  }
  distributor_.remove(process.id);
  owner_.process_ended(process.id);
  const Event left = ProcessEvent(ProcessLeft{static_cast<std::uint64_t>(process.id)});
  tell_all(left);
  server_events_.push(left);
  schedule();
}

void ProcessPool::do_duties() {
  Distributor::Duties duties = distributor_.take_duties();
  for (Command& command : duties.commands) owner_.carry_out_for_process(std::move(command));
  for (const StreamId stream : duties.lost_streams) owner_.process_lost(stream);
  for (const StreamId stream : duties.refused_streams) owner_.no_process_for(stream);
  if (duties.lost_events > 0) {
    logger_.log(LogCategory::server, LogLevel::warning,
                std::to_string(duties.lost_events) +
                    " Socket.IO events of clients were lost with the Python process");
  }
  if (duties.has_space) owner_.process_has_space();
  if (duties.lost_sessions.empty()) return;
  const bool is_closing = !lost_sessions_.empty();
  lost_sessions_.insert(lost_sessions_.end(), duties.lost_sessions.begin(),
                        duties.lost_sessions.end());
  closed_at_once_ = std::max(smallest_part, lost_sessions_.size() / closing_parts);
  if (!is_closing) close_lost_sessions();
}

void ProcessPool::close_lost_sessions() {
  const auto end = lost_sessions_.begin() +
                   static_cast<std::ptrdiff_t>(std::min(closed_at_once_, lost_sessions_.size()));
  const std::unordered_set<SessionId> part(lost_sessions_.begin(), end);
  lost_sessions_.erase(lost_sessions_.begin(), end);
  if (!lost_sessions_.empty()) closing_.start_once(closing_interval);
  owner_.sessions_lost(part);
}

void ProcessPool::count_orphan_time() {
  orphan_seconds_ = distributor_.has_orphans() ? orphan_seconds_ + 1 : 0;
  if (orphan_seconds_ < orphan_patience) return;
  distributor_.give_up_orphans();
  schedule();
}

}  // namespace sioserve::processes
