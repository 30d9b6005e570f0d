#include "server/port/command_queue.h"

#include <utility>

#include "server/port/message_size.h"

namespace sioserve::port {
namespace {

// About the number of loop iterations after which a lower cost has mostly taken effect. A higher
// one takes effect at once: the commands that are posted meanwhile would delay everything else. It
// may be the delay of a single iteration by other processes; then producers wait for a few
// iterations.
constexpr CommandQueue::Clock::rep cost_smoothing = 4;

CommandQueue::Clock::rep smoothed(CommandQueue::Clock::rep cost, CommandQueue::Clock::rep latest) {
  return latest > cost ? latest : cost + (latest - cost) / cost_smoothing;
}

}  // namespace

CommandQueue::CommandQueue(std::size_t max_bytes, std::function<void()> wake)
    : max_bytes_(max_bytes), wake_(std::move(wake)) {}

void CommandQueue::push(Command&& command) {
  const std::size_t bytes = size_of(command);
  bool was_empty;
  {
    std::lock_guard lock(mutex_);
    was_empty = commands_.empty();
    if (was_empty) {
      first_push_ = Clock::now();
      if (oldest_ == 0) oldest_ = first_push_.time_since_epoch().count();
    }
    commands_.push_back(std::move(command));
    bytes_ += bytes;
    pending_bytes_ += bytes;
    ++pending_;
  }
  if (was_empty) wake_();
}

bool CommandQueue::is_overloaded(std::chrono::milliseconds age) const {
  if (!served_) return false;
  if (max_bytes_ != 0 && pending_bytes_ > max_bytes_) return true;
  const Clock::rep oldest = oldest_;
  if (oldest == 0) return false;
  const bool shares =
      shares_output_ && pending_ <= max_shared && pending_bytes_ <= max_shared_bytes;
  const Clock::rep each = cost_ + (shares ? 0 : output_cost_.load());
  const auto work = Clock::duration(each * static_cast<Clock::rep>(pending_));
  if (work > max_work * (age / max_age)) return true;
  return Clock::now().time_since_epoch() - Clock::duration(oldest) > age;
}

void CommandQueue::wait_for_space(std::chrono::milliseconds age) {
  if (!is_overloaded(age)) return;
  std::unique_lock lock(mutex_);
  ++held_up_;
  ++waiting_;
  has_space_.wait(lock, [&] { return closed_ || !is_overloaded(age); });
  --waiting_;
}

bool CommandQueue::notify_of_space() {
  if (!is_overloaded()) return false;
  std::lock_guard lock(mutex_);
  if (closed_ || oldest_ == 0) return false;
  if (!std::exchange(space_wanted_, true)) ++held_up_;
  return true;
}

void CommandQueue::close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  has_space_.notify_all();
}

CommandQueue::Taken CommandQueue::take(std::vector<Command>& batch) {
  batch.clear();
  served_ = true;
  std::lock_guard lock(mutex_);
  batch.swap(commands_);
  pending_ -= std::exchange(taken_, batch.size());
  pending_bytes_ -= taken_bytes_;
  taken_bytes_ = std::exchange(bytes_, 0);
  oldest_ = batch.empty() ? 0 : first_push_.time_since_epoch().count();
  Taken taken{false, std::exchange(held_up_, 0)};
  if (!is_overloaded()) {
    taken.space_requested = std::exchange(space_wanted_, false);
    if (waiting_ > 0) has_space_.notify_all();
  }
  return taken;
}

void CommandQueue::note_work(const Work& work) {
  if (work.commands == 0) return;
  const auto commands = static_cast<Clock::rep>(work.commands);
  cost_ = smoothed(cost_, work.carrying_out.count() / commands);
  output_cost_ = smoothed(output_cost_, work.output.count() / commands);
  shares_output_ = work.reaches_most;
}

}  // namespace sioserve::port
