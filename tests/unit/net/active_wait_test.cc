#include "server/net/active_wait.h"

#include <gtest/gtest.h>

namespace sioserve::net {
namespace {

using std::chrono::microseconds;

// A loop that needs 10 µs for each turn.
class Turns {
 public:
  void turn_after(microseconds pause, std::size_t tasks = 2, bool gave_work_away = false) {
    now_ += pause;
    wait_.ended({now_, microseconds(10), tasks, gave_work_away});
    now_ += microseconds(10);
  }
  void turns_in_time(int count) {
    for (int i = 0; i < count; ++i) turn_after(microseconds(5));
  }
  void turn_too_late() { turn_after(ActiveWait::in_time); }
  bool polls_after(microseconds pause) { return wait_.polls(now_ + pause); }
  bool polls() { return polls_after(microseconds(0)); }
  void polls_for_nothing() {
    EXPECT_TRUE(polls());
    EXPECT_FALSE(polls_after(ActiveWait::longest));
  }

 private:
  ActiveWait wait_;
  TimePoint now_ = TimePoint() + std::chrono::hours(1);
};

TEST(ActiveWait, PollsForAMomentAfterEventsInQuickSuccession) {
  Turns loop;
  loop.turn_too_late();
  loop.turns_in_time(ActiveWait::enough - 1);
  EXPECT_FALSE(loop.polls());
  loop.turns_in_time(1);
  EXPECT_TRUE(loop.polls());
  EXPECT_TRUE(loop.polls_after(ActiveWait::longest - microseconds(1)));
  EXPECT_FALSE(loop.polls_after(ActiveWait::longest));
}

TEST(ActiveWait, NeedsTwiceAsManyEventsAfterItHasPolledForNothing) {
  Turns loop;
  loop.turn_too_late();
  for (int needed = ActiveWait::enough; needed < ActiveWait::most; needed *= 2) {
    loop.turns_in_time(needed);
    loop.polls_for_nothing();
    loop.turn_too_late();
    loop.turns_in_time(2 * needed - 1);
    EXPECT_FALSE(loop.polls());
    loop.turn_too_late();  // it has not polled
  }
}

TEST(ActiveWait, ForgetsItsFailuresAfterManyEventsInTime) {
  Turns loop;
  loop.turn_too_late();
  loop.turns_in_time(ActiveWait::enough);
  loop.polls_for_nothing();
  loop.turn_too_late();
  loop.turns_in_time(4 * ActiveWait::enough);
  loop.polls_for_nothing();
  loop.turn_too_late();
  loop.turns_in_time(2 * ActiveWait::enough - 1);
  EXPECT_FALSE(loop.polls());
  loop.turns_in_time(1);
  EXPECT_TRUE(loop.polls());
}

TEST(ActiveWait, GoesOnWhenAnotherProgramHasHadTheCore) {
  Turns loop;
  loop.turn_too_late();
  loop.turns_in_time(ActiveWait::enough);
  EXPECT_TRUE(loop.polls());
  loop.turn_after(100 * ActiveWait::longest);  // with an event that came meanwhile
  EXPECT_TRUE(loop.polls());
}

TEST(ActiveWait, SleepsWhileAnotherThreadWorks) {
  Turns loop;
  loop.turn_too_late();
  loop.turns_in_time(ActiveWait::enough);
  loop.turn_after(microseconds(5), 2, true);
  EXPECT_FALSE(loop.polls());
  loop.turn_after(2 * ActiveWait::longest);  // however long it takes
  EXPECT_TRUE(loop.polls());
}

TEST(ActiveWait, SleepsAtOnceWithMuchToDo) {
  Turns loop;
  loop.turn_too_late();
  loop.turns_in_time(ActiveWait::enough);
  loop.turn_after(microseconds(5), ActiveWait::few + 1);
  EXPECT_FALSE(loop.polls());
}

TEST(ActiveWait, TurnsWithoutTasksDoNotCount) {
  Turns loop;
  loop.turn_too_late();
  loop.turns_in_time(ActiveWait::enough - 1);
  loop.turn_after(microseconds(5), 0);
  EXPECT_FALSE(loop.polls());
  loop.turns_in_time(1);
  EXPECT_TRUE(loop.polls());
}

}  // namespace
}  // namespace sioserve::net
