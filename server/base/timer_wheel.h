// Many timers in one hashed timing wheel. Time is divided into ticks of 5 ms. A timer is in the
// slot of the first tick that begins at or after its deadline, so it never fires early, and at most
// one tick late if the owner advances the wheel in time. Timers further away than one turn of the
// wheel (41 s) stay in their slot and are skipped once per turn.
//
// Does not read the clock. Lives on the thread of its owner.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>

#include "server/base/clock.h"

namespace sioserve {

// Every operation takes constant amortised time, independent of the number of timers.
template <typename Id>
class TimerWheel {
 public:
  TimerWheel() = default;
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // Replaces an earlier deadline of the same id. A deadline that has already passed fires at the
  // next tick.
  void schedule(Id id, TimePoint deadline) {
    Timer& timer = timers_.try_emplace(id, id).first->second;
    timer.unlink();
    timer.tick = std::max(tick_after(deadline), now_ + 1);
    timer.link_before(slot(timer.tick));
  }

  void cancel(Id id) { timers_.erase(id); }

  // Calls on_expired(id) for each timer that is due, tick by tick. A timer is removed before its
  // call. The call may schedule and cancel any timer, also one that is due in the same advance: it
  // fires only if it has not been cancelled or rescheduled by then.
  template <typename F>
  void advance(TimePoint now, F on_expired) {
    const std::int64_t target = tick_before(now);
    if (target <= now_) return;
    Link due;
    if (!timers_.empty()) {
      // One turn of the wheel visits every slot.
      const std::int64_t first = std::max(now_, target - slot_count) + 1;
      for (std::int64_t tick = first; tick <= target; ++tick) collect(slot(tick), target, due);
    }
    now_ = target;
    while (due.next != &due) {
      const Id id = static_cast<Timer*>(due.next)->id;
      timers_.erase(id);
      on_expired(id);
    }
  }

  // When to call advance() next: at the first tick that may have a timer, or at `limit` if that is
  // earlier. Looks at each tick until then.
  TimePoint next_advance(TimePoint limit) const {
    if (timers_.empty()) return limit;
    const std::int64_t last = tick_before(limit);
    for (std::int64_t tick = now_ + 1; tick <= last; ++tick) {
      if (!slot(tick).is_alone()) return TimePoint(tick * tick_length);
    }
    return limit;
  }

  bool empty() const { return timers_.empty(); }

 private:
  static constexpr Milliseconds tick_length{5};
  static constexpr std::int64_t slot_count = 8192;  // a power of two

  // An element or the head of a circular list.
  struct Link {
    Link() = default;
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    ~Link() { unlink(); }

    void unlink() {
      previous->next = next;
      next->previous = previous;
      previous = next = this;
    }
    void link_before(Link& other) {
      previous = other.previous;
      next = &other;
      previous->next = this;
      other.previous = this;
    }

    bool is_alone() const { return next == this; }

    Link* previous = this;
    Link* next = this;
  };

  struct Timer : Link {
    explicit Timer(Id timer_id) : id(timer_id) {}
    Id id;
    std::int64_t tick = 0;
  };

  static std::int64_t tick_before(TimePoint time) {
    return std::chrono::floor<Milliseconds>(time.time_since_epoch()) / tick_length;
  }
  static std::int64_t tick_after(TimePoint time) {
    const Milliseconds since_epoch = std::chrono::ceil<Milliseconds>(time.time_since_epoch());
    return (since_epoch + tick_length - Milliseconds(1)) / tick_length;
  }

  Link& slot(std::int64_t tick) const {
    return (*slots_)[static_cast<std::size_t>(tick) % static_cast<std::size_t>(slot_count)];
  }

  static void collect(Link& slot, std::int64_t target, Link& due) {
    for (Link* link = slot.next; link != &slot;) {
      auto& timer = static_cast<Timer&>(*link);
      link = link->next;
      if (timer.tick > target) continue;
      timer.unlink();
      timer.link_before(due);
    }
  }

  std::unique_ptr<std::array<Link, static_cast<std::size_t>(slot_count)>> slots_ =
      std::make_unique<std::array<Link, static_cast<std::size_t>(slot_count)>>();
  std::unordered_map<Id, Timer> timers_;  // its elements never move, so they can be linked
  std::int64_t now_ = -1;                 // the tick up to which everything has fired
};

}  // namespace sioserve
