// The commands on their way to the I/O side, first in, first out, whichever thread posts them.
//
// The queue takes everything it is given, but tells when it is crowded: when the oldest command has
// waited for longer than `max_age`, or more than `max_bytes` wait. Then emit() waits for
// room before it goes on, so that a flood of emits runs at the pace at which the I/O side carries
// them out, and a command that is posted meanwhile (an answer, a client's admission) waits no
// longer than a few `max_age`. Bounding the age, not the number, is what does that: one broadcast
// may take a microsecond or ten milliseconds.
//
// A producer may be far quicker than the I/O side, and post within `max_age` what takes ten times
// as long. So the queue is crowded, too, when what waits is expected to take longer than
// `max_work`, by what commands took lately.
//
//   producers          push() ... wait_for_space(), or is_overloaded() and notify_of_space()
//   the I/O side       take() until nothing is left, note_work(); a batch counts as waiting until
//                      the next take()
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

  // How long the oldest command may have waited before its producer is held up.
  static constexpr std::chrono::milliseconds max_age{2};
  // How long the commands that wait may take before their producer is held up.
  static constexpr std::chrono::milliseconds max_work{2};

  // `wake` runs on the pushing thread, outside the lock, whenever the queue stops being empty.
  // `max_bytes`: as message_size.h counts them; 0: no limit.
  CommandQueue(std::size_t max_bytes, std::function<void()> wake);
  CommandQueue(const CommandQueue&) = delete;
  CommandQueue& operator=(const CommandQueue&) = delete;

  // Any thread. Never waits and never fails.
  void push(Command command);

  // --- for producers that can be held up; any thread but the consumer's ---

  // `age`: max_age, or a multiple for those that had better not wait; max_work is multiplied as
  // well. False before the first take(), because no thread would make space.
  bool is_overloaded(std::chrono::milliseconds age = max_age) const;
  // Returns when the queue is not crowded, or has been closed.
  void wait_for_space(std::chrono::milliseconds age = max_age);
  // The next take() that leaves room returns `space_requested`. False: there is room already.
  bool notify_of_space();
  // Ends all waiting: no more commands are taken.
  void close();

  // --- for the consumer ---

  struct Taken {
    bool space_requested;   // notify_of_space() was called, and there is room
    std::uint64_t held_up;  // calls that had to wait since the last take()
  };

  // The batch that was taken before has been carried out. Replaces it by everything that waits,
  // oldest first.
  Taken take(std::vector<Command>& batch);
  // So many commands took so long, with the output that they caused.
  void note_work(std::size_t commands, Clock::duration duration);

 private:
  const std::size_t max_bytes_;
  const std::function<void()> wake_;
  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::vector<Command> commands_;
  std::size_t bytes_ = 0;         // of `commands_`
  std::size_t taken_bytes_ = 0;   // of the batch that is being carried out
  std::size_t taken_ = 0;         // commands of that batch
  Clock::time_point first_push_;  // of the oldest in `commands_`
  std::size_t waiting_ = 0;       // threads in wait_for_space()
  bool room_wanted_ = false;
  bool closed_ = false;
  std::uint64_t held_up_ = 0;
  // When the oldest command that has not been carried out was pushed; 0: there is none. Beside it,
  // so that a look at it takes no lock.
  std::atomic<Clock::rep> oldest_ = 0;
  std::atomic<std::size_t> pending_bytes_ = 0;
  std::atomic<std::size_t> pending_ = 0;  // commands
  std::atomic<Clock::rep> cost_ = 0;      // of one command, by the latest ones
  std::atomic<bool> served_ = false;      // take() has been called
};

}  // namespace sioserve::port
