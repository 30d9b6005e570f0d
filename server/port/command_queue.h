// The queue of commands to the I/O thread: first in, first out, for commands of all threads.
//
// The queue accepts every command. It is overloaded when the oldest command has waited longer than
// `max_age`, or when the queued commands have more than `max_bytes`. emit() then waits for space,
// so a flood of emits is as fast as the I/O thread carries them out. Other commands that are posted
// during the flood (an acknowledgement, the acceptance of a client) wait no longer than a few
// `max_age`. A limit on the number of commands would not achieve that: one broadcast can take a
// microsecond or ten milliseconds.
//
// A producer can be much faster than the I/O thread, and post commands within `max_age` that take
// ten times as long. So the queue is also overloaded when its commands are expected to take longer
// than `max_work`, estimated from the latest commands.
//
// What takes long is usually the output: one write for each client. A broadcast to most clients
// shares its writes with those that are carried out in the same iteration. So their output does
// not count, and several of them become one write for each client. Up to `max_shared` commands and
// `max_shared_bytes`: what else they take, such as copying the bytes, is not shared.
//
//   producers       push() ... wait_for_space(), or is_overloaded() and notify_of_space()
//   the I/O thread  take() until the queue is empty, note_work(). A batch counts as queued until
//                   the next take().
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "server/port/messages.h"

namespace sioserve::port {

class CommandQueue {
 public:
  using Clock = std::chrono::steady_clock;

  // Producers wait when the oldest command is older.
  static constexpr std::chrono::milliseconds max_age{1};
  // Producers wait when the queued commands are expected to take longer.
  static constexpr std::chrono::milliseconds max_work{1};
  static constexpr std::size_t max_shared = 4;
  // Up to here, copying the bytes takes less time than the write itself.
  static constexpr std::size_t max_shared_bytes = 16'384;

  // `wake` runs on the pushing thread, outside the lock, whenever the queue stops being empty.
  // `max_bytes`: as message_size.h counts them; 0: no limit.
  CommandQueue(std::size_t max_bytes, std::function<void()> wake);
  CommandQueue(const CommandQueue&) = delete;
  CommandQueue& operator=(const CommandQueue&) = delete;

  // Any thread. Never waits and never fails.
  void push(Command&& command);

  // --- for producers that can wait; any thread but the consumer's ---

  // `age`: max_age, or a multiple of it for threads that should wait less often; max_work is
  // multiplied by the same factor. False before the first take(), because no thread would make
  // space.
  bool is_overloaded(std::chrono::milliseconds age = max_age) const;
  // Returns when the queue is not overloaded, or has been closed.
  void wait_for_space(std::chrono::milliseconds age = max_age);
  // The next take() that leaves space returns `space_requested`. False: there already is space.
  bool notify_of_space();
  // Ends all waiting: no more commands are taken.
  void close();

  // --- for the consumer ---

  // The number of commands that have not been carried out.
  std::size_t size() const { return pending_; }

  struct Taken {
    bool space_requested;   // notify_of_space() was called, and there is space
    std::uint64_t held_up;  // calls that had to wait since the last take()
  };

  // The previous batch has been carried out. Replaces it by all queued commands, oldest first.
  Taken take(std::vector<Command>& batch);
  // What the commands of the latest iteration took.
  struct Work {
    std::size_t commands = 0;
    Clock::duration carrying_out{0};
    Clock::duration output{0};  // that they caused, at the end of the iteration
    bool reaches_most = false;  // it went to at least half of all clients
  };
  void note_work(const Work& work);

 private:
  const std::size_t max_bytes_;
  const std::function<void()> wake_;
  mutable std::mutex mutex_;
  std::condition_variable has_space_;
  std::vector<Command> commands_;
  std::size_t bytes_ = 0;         // of `commands_`
  std::size_t taken_bytes_ = 0;   // of the batch that is being carried out
  std::size_t taken_ = 0;         // commands of that batch
  Clock::time_point first_push_;  // of the oldest in `commands_`
  std::size_t waiting_ = 0;       // threads in wait_for_space()
  bool space_wanted_ = false;
  bool closed_ = false;
  std::uint64_t held_up_ = 0;
  // When the oldest command that has not been carried out was pushed; 0: there is none. Atomic, so
  // that is_overloaded() takes no lock.
  std::atomic<Clock::rep> oldest_ = 0;
  std::atomic<std::size_t> pending_bytes_ = 0;
  std::atomic<std::size_t> pending_ = 0;  // commands
  // Of one command, estimated from the latest ones.
  std::atomic<Clock::rep> cost_ = 0;
  std::atomic<Clock::rep> output_cost_ = 0;
  std::atomic<bool> shares_output_ = false;
  std::atomic<bool> served_ = false;  // take() has been called
};

}  // namespace sioserve::port
