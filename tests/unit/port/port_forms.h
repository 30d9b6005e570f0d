// The two forms of the port behind one interface: within a process, and between processes. The
// socket pair between processes is simulated: each direction holds a few bytes.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "server/port/channel.h"

namespace sioserve::port {

class PortForm {
 public:
  static constexpr std::size_t max_events = 100;
  static constexpr std::size_t max_event_bytes = 20'000;
  static constexpr std::size_t max_command_bytes = 20'000;

  virtual ~PortForm() = default;

  // --- the I/O side ---
  virtual void push(Event event) = 0;
  // Whether the I/O side must stop reading from clients.
  virtual bool full() = 0;
  virtual std::vector<Command> take_commands() = 0;
  virtual void give(QuestionId question, Answer answer) = 0;

  // --- the Python side ---
  virtual std::vector<Event> take_events() = 0;
  CommandQueue& commands() { return commands_; }
  Answers& answers() { return answers_; }
  int wakes() const { return wakes_; }

  // What is under way arrives, as far as there is room.
  virtual void settle() {}

 protected:
  int wakes_ = 0;
  EventQueue events_{{max_events, max_event_bytes}, [this] { ++wakes_; }};
  CommandQueue commands_{max_command_bytes, [] {}};
  Answers answers_;
};

class InProcess final : public PortForm {
 public:
  void push(Event event) override {
    std::vector<Event> events;
    events.push_back(std::move(event));
    if (events_.push(events) == EventQueue::State::full) full_ = true;
  }
  bool full() override { return full_; }
  std::vector<Command> take_commands() override {
    std::vector<Command> batch;
    const CommandQueue::Taken taken = commands_.take(batch);
    if (taken.space_requested) push(CommandQueueHasSpace{});
    return batch;
  }
  void give(QuestionId question, Answer answer) override {
    answers_.give(question, std::move(answer));
  }
  std::vector<Event> take_events() override {
    std::vector<Event> batch;
    if (events_.take(batch) == EventQueue::State::full) full_ = false;
    return batch;
  }

 private:
  bool full_ = false;
};

// What a socket pair is in one direction.
class Pipe {
 public:
  explicit Pipe(std::size_t capacity) : capacity_(capacity) {}

  // Takes from the writer what fits.
  void fill_from(FrameWriter& writer) {
    while (!writer.empty() && bytes_.size() < capacity_) {
      const FrameWriter::Part part = writer.next();
      const std::size_t size = std::min(part.bytes.size(), capacity_ - bytes_.size());
      for (const int descriptor : part.descriptors) descriptors_.emplace_back(::dup(descriptor));
      bytes_.append(part.bytes.substr(0, size));
      writer.sent(size);
    }
  }
  std::string take_bytes() { return std::exchange(bytes_, {}); }
  std::vector<FileDescriptor> take_descriptors() { return std::exchange(descriptors_, {}); }

 private:
  const std::size_t capacity_;
  std::string bytes_;
  std::vector<FileDescriptor> descriptors_;
};

class BetweenProcesses final : public PortForm {
 public:
  void push(Event event) override { io_.push(event); }
  bool full() override { return io_.full(); }
  std::vector<Command> take_commands() override {
    std::vector<Command> taken;
    for (;;) {
      settle();
      auto command = io_.next_command();
      EXPECT_TRUE(command);
      if (!command || !*command) return taken;
      // It is of use to the I/O process alone.
      if (get_message<CommandsHeldUp>(**command) == nullptr) taken.push_back(std::move(**command));
    }
  }
  void give(QuestionId question, Answer answer) override { io_.give(question, answer); }
  std::vector<Event> take_events() override {
    std::vector<Event> taken;
    for (;;) {
      settle();
      std::vector<Event> batch;
      if (events_.take(batch) == EventQueue::State::full) python_.events_taken();
      if (batch.empty()) return taken;
      std::move(batch.begin(), batch.end(), std::back_inserter(taken));
    }
  }
  void settle() override {
    to_python_.fill_from(io_.output());
    io_.has_become_free();
    if (python_.wants_input()) {
      const auto error = python_.receive(to_python_.take_bytes());
      EXPECT_FALSE(error);
    }
    python_.fill_output();
    to_io_.fill_from(python_.output());
    std::string bytes = to_io_.take_bytes();
    io_.receive(bytes, to_io_.take_descriptors());
    // Marks the batch that has been sent as carried out.
    if (python_.output().empty()) python_.fill_output();
  }

 private:
  IoEnd io_{max_event_bytes};
  PythonEnd python_{events_, commands_, answers_};
  Pipe to_python_{4'000};
  Pipe to_io_{4'000};
};

}  // namespace sioserve::port
