// The port of a Python process, over a socket to the I/O process.
//
// The application's thread carries the messages itself: it receives when its event loop finds the
// socket readable, which begins a turn, and sends at the end of the turn what the callbacks of the
// loop have posted meanwhile. So a request costs no switch to another thread.
//
// A thread without the GIL carries them where Python can't, or is too late:
//
//   bursts of commands that other threads post, or the event loop between its turns; a single one
//   is sent by the thread that posts it
//   commands of a turn that has lasted for max_delay: Python is busy
//   the answers to questions
//   output for which the socket has no space
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "server/base/config.h"
#include "server/base/file_descriptor.h"
#include "server/base/logger.h"
#include "server/port/channel.h"
#include "server/port/port.h"

namespace sioserve::processes {

class ProcessPort final : public Port {
 public:
  // How long the commands of a turn wait for its end.
  static constexpr std::chrono::milliseconds max_delay{2};
  // Commands that are posted sooner after another one are a burst, and sent together.
  static constexpr std::chrono::microseconds burst_gap{100};

  // `wake_application` is called on any thread when take_events() has something that did not come
  // by the socket in this turn. Throws std::system_error for a lack of descriptors.
  ProcessPort(Config config, std::function<void()> wake_application);
  ~ProcessPort();
  ProcessPort(const ProcessPort&) = delete;
  ProcessPort& operator=(const ProcessPort&) = delete;

  // Once: starts the thread. `socket` is connected with the I/O process. When that has gone, the
  // event ServerStopped comes, as after a stop.
  void start(FileDescriptor socket);
  // Sends what the socket takes at once, and ends the thread; the destructor does it too.
  void stop_now();

  // Of the application's thread, when its event loop wakes up to take events. False: a turn has
  // begun already.
  bool begin_turn();
  void end_turn();

  void post(Command&& command) override { commands_.push(std::move(command)); }
  QuestionId ask(Question question) override;
  port::Answers& answers() override { return answers_; }
  bool is_overloaded(std::chrono::milliseconds age) const override {
    return commands_.is_overloaded(age);
  }
  // Both send first: the commands of the current turn may be all that takes the space.
  void wait_for_space(std::chrono::milliseconds age) override;
  bool notify_of_space() override;
  // In a turn, also receives what the socket has.
  void take_events(std::vector<Event>& batch) override;
  Logger& logger() override { return logger_; }
  const Config& config() const override { return config_; }

 private:
  struct Watched {
    bool reading;
    bool writing;
  };

  void run();
  // Carries what can be carried now, by the thread. Nullopt: the channel has ended.
  std::optional<Watched> carry();
  void wait(Watched watched);

  // These need carrying_. False: the I/O process has gone.
  bool write();
  bool receive();
  void receive_into(std::vector<Event>& batch);  // calls end_channel() itself
  void end_channel();

  // The command queue was empty before.
  void on_command();
  // What can be sent at once; the thread sends the rest.
  void send();
  // The thread carries at once.
  void wake();
  // The thread carries after max_delay.
  void watch_turn();
  void signal() const;
  bool is_in_turn() const { return turn_of_ == std::this_thread::get_id(); }
  void push(Event event);

  const Config config_;
  FileDescriptor signal_;  // an eventfd, for the thread
  port::EventQueue events_;
  port::CommandQueue commands_;
  port::Answers answers_;
  Logger logger_;

  std::mutex carrying_;  // held by the thread that uses these:
  port::PythonEnd end_;
  FileDescriptor socket_;
  std::vector<char> buffer_;
  bool gone_ = false;  // the I/O process

  // Of the application's thread.
  std::atomic<std::thread::id> turn_of_;  // no thread's id between two turns
  bool may_receive_ = false;              // the socket may have more in this turn

  // Of the thread.
  bool readable_ = false;  // the socket, as the latest wait() has found
  std::uint64_t seen_turns_ = 0;

  // The latest send() between turns.
  std::atomic<port::CommandQueue::Clock::time_point> sent_at_{};
  std::atomic<bool> woken_ = false;         // wake() since the latest wait()
  std::atomic<bool> events_taken_ = false;  // the event queue has space again
  std::atomic<bool> watching_ = false;      // watch_turn(): the thread wakes up within max_delay
  std::atomic<std::uint64_t> turns_ = 0;    // that have posted commands
  std::atomic<bool> ending_ = false;        // set by the application's thread
  std::atomic<bool> has_ended_ = false;
  std::thread thread_;
};

}  // namespace sioserve::processes
