// The port of a Python process: a thread carries its messages to the I/O process and back, without
// the GIL, so that commands go out and answers come in while Python is busy.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
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
  // `wake_application` is called on the thread when take_events() has something new. Throws
  // std::system_error for a lack of descriptors.
  ProcessPort(Config config, std::function<void()> wake_application);
  ~ProcessPort();
  ProcessPort(const ProcessPort&) = delete;
  ProcessPort& operator=(const ProcessPort&) = delete;

  // Once: starts the thread. `socket` is connected with the I/O process. When that has gone, the
  // event ServerStopped comes, as after a stop.
  void start(FileDescriptor socket);
  // Ends the thread; the destructor does it too.
  void stop_now();

  void post(Command command) override { commands_.push(std::move(command)); }
  QuestionId ask(Question question) override;
  port::Answers& answers() override { return answers_; }
  bool is_overloaded(std::chrono::milliseconds age) const override {
    return commands_.is_overloaded(age);
  }
  void wait_for_space(std::chrono::milliseconds age) override { commands_.wait_for_space(age); }
  bool notify_of_space() override { return commands_.notify_of_space(); }
  void take_events(std::vector<Event>& batch) override;
  Logger& logger() override { return logger_; }
  const Config& config() const override { return config_; }

 private:
  void run();
  // False: the I/O process has gone.
  bool write();
  bool read();
  void wait();
  void wake() const;
  void push(Event event);

  const Config config_;
  FileDescriptor wake_up_;  // an eventfd, for the thread
  port::EventQueue events_;
  port::CommandQueue commands_;
  port::Answers answers_;
  Logger logger_;
  port::PythonEnd end_;
  FileDescriptor socket_;
  std::vector<char> buffer_;
  bool readable_ = false;  // the socket, as the latest wait() has found
  std::atomic<bool> events_taken_ = false;
  std::atomic<bool> ending_ = false;     // set by the application's thread
  std::atomic<bool> has_ended_ = false;  // set by the thread itself
  std::thread thread_;
};

}  // namespace sioserve::processes
