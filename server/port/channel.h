// The two ends of the port between processes: what EventQueue and CommandQueue are within one
// process, over two byte streams. Neither end knows sockets: its owner carries the bytes of
// output() to the other end's receive(), as the socket allows.
//
//   I/O process                                      Python process
//   push(event), give(answer)  ~~ ToPython frames ~> receive() -> EventQueue, Answers
//   receive() -> next_command() <~ Command frames ~~ fill_output() <- CommandQueue
//
// Both directions are bounded. While the EventQueue is full, the Python process reads nothing, so
// bytes wait in the I/O process; when they are too many, full() is true, and the sockets that this
// process serves are not read. While the I/O process reads nothing, the commands wait in the
// CommandQueue, and emit() waits (command_queue.h).
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "server/base/file_descriptor.h"
#include "server/base/result.h"
#include "server/port/answers.h"
#include "server/port/command_queue.h"
#include "server/port/event_queue.h"
#include "server/port/frames.h"

namespace sioserve::port {

// Lives on the I/O thread.
class IoEnd {
 public:
  // `max_bytes`: may wait for the Python process before full() is true.
  explicit IoEnd(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  // Never waits. `too_large`: the event does not fit into a frame and was dropped.
  FrameWriter::Added push(const Event& event);
  // An answer that is too large becomes an empty one.
  void give(QuestionId question, const Answer& answer);

  bool full() const { return full_; }
  // To be called when output has been sent. True once when full() has become false, which is when
  // half of the bytes are gone.
  bool has_become_free();

  FrameWriter& output() { return output_; }
  const FrameWriter& output() const { return output_; }

  void receive(std::string_view bytes, std::vector<FileDescriptor> descriptors) {
    input_.feed(bytes, std::move(descriptors));
  }
  // Nullopt: more must be received first.
  Result<std::optional<Command>, FrameError> next_command() { return input_.next(); }

 private:
  void note_size() { full_ = full_ || output_.size() >= max_bytes_; }

  const std::size_t max_bytes_;
  FrameWriter output_;
  FrameReader<Command> input_;
  bool full_ = false;
};

// Lives on the threads that carry the bytes, one at a time; the queues belong to other threads too.
class PythonEnd {
 public:
  PythonEnd(EventQueue& events, CommandQueue& commands, Answers& answers)
      : events_(events), commands_(commands), answers_(answers) {}

  // False while the event queue is full: then nothing is to be received.
  bool wants_input() const { return wants_input_; }
  // EventQueue::take() has returned `full`: there is space again.
  void events_taken() { wants_input_ = true; }
  // Passes on all complete messages: events to the queue. Nullopt: all is well.
  std::optional<FrameError> receive(std::string_view bytes);
  // The same, but appends the events to `events`, for the thread that would take them.
  std::optional<FrameError> receive(std::string_view bytes, std::vector<Event>& events);

  // Takes commands when all former output is sent. False: there is none.
  bool fill_output();
  FrameWriter& output() { return output_; }

 private:
  void add(Command command);
  void add_in_parts(HttpRespond command);
  void give_up(const Command& command);
  void push(Event event);

  EventQueue& events_;
  CommandQueue& commands_;
  Answers& answers_;
  FrameReader<ToPython> input_;
  FrameWriter output_;
  std::vector<Event> received_;
  std::vector<Command> batch_;
  bool wants_input_ = true;
};

}  // namespace sioserve::port
