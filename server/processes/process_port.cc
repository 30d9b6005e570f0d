#include "server/processes/process_port.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <optional>
#include <system_error>
#include <utility>

#include "server/base/local_socket.h"
#include "server/base/run_or_abort.h"

namespace sioserve::processes {
namespace {

constexpr std::size_t read_size = 65'536;

FileDescriptor make_eventfd() {
  FileDescriptor made(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (made.get() < 0) throw std::system_error(errno, std::generic_category(), "no eventfd");
  return made;
}

}  // namespace

ProcessPort::ProcessPort(Config config, std::function<void()> wake_application)
    : config_(std::move(config)),
      signal_(make_eventfd()),
      events_({config_.max_app_events, config_.max_app_event_bytes}, std::move(wake_application)),
      commands_(config_.max_command_bytes, [this] { on_command(); }),
      logger_([this](LogRecord record) { push(std::move(record)); }),
      end_(events_, commands_, answers_),
      buffer_(read_size) {}

ProcessPort::~ProcessPort() { stop_now(); }

void ProcessPort::start(FileDescriptor socket) {
  {
    const std::lock_guard lock(carrying_);
    socket_ = std::move(socket);
  }
  thread_ = std::thread([this] { run_or_abort("The channel's thread", [this] { run(); }); });
  answers_.open();
}

void ProcessPort::stop_now() {
  commands_.close();
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(carrying_);
    if (!gone_) static_cast<void>(write());
  }
  ending_ = true;
  wake();
  thread_.join();
  answers_.close();
}

bool ProcessPort::begin_turn() {
  may_receive_ = true;
  return turn_of_.exchange(std::this_thread::get_id()) == std::thread::id();
}

void ProcessPort::end_turn() {
  may_receive_ = false;
  turn_of_ = std::thread::id();
  if (commands_.size() == 0) return;
  ++turns_;
  send();
}

void ProcessPort::send() {
  const std::unique_lock lock(carrying_, std::try_to_lock);
  if (!lock) return wake();  // another thread has it, and may have taken the commands too early
  if (gone_ || socket_.get() < 0) return;  // before start(), commands wait for the thread
  if (!write()) return end_channel();
  if (!end_.output().empty()) wake();
}

void ProcessPort::wait_for_space(std::chrono::milliseconds age) {
  if (commands_.is_overloaded(age)) send();
  commands_.wait_for_space(age);
}

bool ProcessPort::notify_of_space() {
  if (commands_.is_overloaded()) send();
  return commands_.notify_of_space();
}

QuestionId ProcessPort::ask(Question question) {
  const QuestionId id = answers_.expect();
  if (id == QuestionId{}) return id;
  commands_.push(Ask{id, std::move(question)});
  wake();  // in a turn, too
  return id;
}

void ProcessPort::take_events(std::vector<Event>& batch) {
  {
    // Without the lock, the thread might put events into the queue that come before those received
    // here.
    const std::unique_lock lock(carrying_, std::try_to_lock);
    if (events_.take(batch) == port::EventQueue::State::full) {
      events_taken_ = true;
      wake();
    }
    if (lock && may_receive_ && !gone_) receive_into(batch);
  }
  if (has_ended_ && thread_.joinable()) thread_.join();
}

void ProcessPort::on_command() {
  if (is_in_turn()) return watch_turn();
  const port::CommandQueue::Clock::time_point now = port::CommandQueue::Clock::now();
  if (now - sent_at_.load() < burst_gap) return wake();
  sent_at_ = now;
  send();
}

void ProcessPort::wake() {
  woken_ = true;
  signal();
}

void ProcessPort::watch_turn() {
  if (!watching_.exchange(true)) signal();
}

void ProcessPort::signal() const { static_cast<void>(::eventfd_write(signal_.get(), 1)); }

void ProcessPort::push(Event event) {
  std::vector<Event> events;
  events.push_back(std::move(event));
  events_.push(events);
}

void ProcessPort::run() {
  while (const auto watched = carry()) wait(*watched);
}

std::optional<ProcessPort::Watched> ProcessPort::carry() {
  const std::lock_guard lock(carrying_);
  if (ending_ || gone_) return std::nullopt;
  if (!write() || !receive()) {
    end_channel();
    return std::nullopt;
  }
  return Watched{end_.wants_input() && answers_.are_expected(), !end_.output().empty()};
}

bool ProcessPort::write() {
  while (end_.fill_output()) {
    const port::FrameWriter::Part part = end_.output().next();
    const LocalSent sent = send_on(socket_.get(), part.bytes, part.descriptors);
    if (sent.outcome == LocalIo::ended) return false;
    if (sent.outcome == LocalIo::again) return true;
    end_.output().sent(sent.bytes);
  }
  return true;
}

bool ProcessPort::receive() {
  if (events_taken_.exchange(false)) end_.events_taken();
  if (!std::exchange(readable_, false) || !end_.wants_input()) return true;
  const LocalReceived received = receive_on(socket_.get(), buffer_);
  switch (received.outcome) {
    case LocalIo::again:
      return true;
    case LocalIo::ended:
      return false;
    case LocalIo::done:
      return !end_.receive({buffer_.data(), received.bytes});
  }
  __builtin_unreachable();
}

void ProcessPort::receive_into(std::vector<Event>& batch) {
  const LocalReceived received = receive_on(socket_.get(), buffer_);
  may_receive_ = received.bytes == buffer_.size();
  if (received.outcome == LocalIo::again) return;
  const bool ended = received.outcome == LocalIo::ended;
  if (ended || end_.receive({buffer_.data(), received.bytes}, batch)) end_channel();
}

void ProcessPort::end_channel() {
  gone_ = true;
  // Nobody carries out commands or answers any more.
  commands_.close();
  answers_.close();
  wake();
  has_ended_ = true;  // first, because nobody takes events after ServerStopped
  push(ServerStopped{});
}

void ProcessPort::wait(Watched watched) {
  const short reading = watched.reading ? POLLIN : 0;
  const short writing = watched.writing ? POLLOUT : 0;
  std::array<pollfd, 2> descriptors{
      // Without either, the end of the other side would be told again and again.
      pollfd{reading + writing != 0 ? socket_.get() : -1, static_cast<short>(reading | writing), 0},
      pollfd{signal_.get(), POLLIN, 0},
  };
  constexpr timespec delay{0, std::chrono::nanoseconds(max_delay).count()};
  for (;;) {
    const int ready =
        ::ppoll(descriptors.data(), descriptors.size(), watching_ ? &delay : nullptr, nullptr);
    if (ready < 0) continue;  // a signal
    eventfd_t count;
    if (descriptors[1].revents != 0) static_cast<void>(::eventfd_read(signal_.get(), &count));
    readable_ = (descriptors[0].revents & ~POLLOUT) != 0;
    // While one turn follows the other, the thread goes on watching: each signal costs a switch.
    if (ready == 0) {
      const std::uint64_t turns = turns_;
      watching_ = std::exchange(seen_turns_, turns) != turns;
    }
    if (woken_.exchange(false) || descriptors[0].revents != 0 || ready == 0) return;
  }
}

}  // namespace sioserve::processes
