#include "server/processes/process_port.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <array>
#include <cerrno>
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
      wake_up_(make_eventfd()),
      events_({config_.max_app_events, config_.max_app_event_bytes}, std::move(wake_application)),
      commands_(config_.max_command_bytes, [this] { wake(); }),
      logger_([this](LogRecord record) { push(std::move(record)); }),
      end_(events_, commands_, answers_),
      buffer_(read_size) {}

ProcessPort::~ProcessPort() { stop_now(); }

void ProcessPort::start(FileDescriptor socket) {
  socket_ = std::move(socket);
  thread_ = std::thread([this] { run_or_abort("The channel's thread", [this] { run(); }); });
  answers_.open();
}

void ProcessPort::stop_now() {
  commands_.close();
  if (!thread_.joinable()) return;
  ending_ = true;
  wake();
  thread_.join();
  answers_.close();
}

QuestionId ProcessPort::ask(Question question) {
  const QuestionId id = answers_.expect();
  if (id != QuestionId{}) commands_.push(Ask{id, std::move(question)});
  return id;
}

void ProcessPort::take_events(std::vector<Event>& batch) {
  const port::EventQueue::State state = events_.take(batch);
  if (has_ended_ && thread_.joinable()) thread_.join();
  if (state != port::EventQueue::State::full) return;
  events_taken_ = true;
  wake();
}

void ProcessPort::wake() const { static_cast<void>(::eventfd_write(wake_up_.get(), 1)); }

void ProcessPort::push(Event event) {
  std::vector<Event> events;
  events.push_back(std::move(event));
  events_.push(events);
}

void ProcessPort::run() {
  while (!ending_ && write() && read()) wait();
  // Nobody carries out commands or answers any more.
  commands_.close();
  answers_.close();
  if (ending_) return;
  has_ended_ = true;  // first, because nobody takes events after ServerStopped
  push(ServerStopped{});
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

bool ProcessPort::read() {
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

void ProcessPort::wait() {
  const short reading = end_.wants_input() ? POLLIN : 0;
  const short writing = end_.output().empty() ? 0 : POLLOUT;
  std::array<pollfd, 2> watched{
      // Without either, the end of the other side would be told again and again.
      pollfd{reading + writing != 0 ? socket_.get() : -1, static_cast<short>(reading | writing), 0},
      pollfd{wake_up_.get(), POLLIN, 0},
  };
  ::poll(watched.data(), watched.size(), -1);
  readable_ = (watched[0].revents & ~POLLOUT) != 0;
  eventfd_t count;
  if (watched[1].revents != 0) static_cast<void>(::eventfd_read(wake_up_.get(), &count));
}

}  // namespace sioserve::processes
