#include "server/base/timer_wheel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "server/port/ids.h"

namespace sioserve {
namespace {

constexpr TimePoint start{std::chrono::hours(100)};

TimePoint at(int milliseconds) { return start + Milliseconds(milliseconds); }

std::vector<int> fired_by(TimerWheel<int>& wheel, int milliseconds) {
  std::vector<int> fired;
  wheel.advance(at(milliseconds), [&](int id) { fired.push_back(id); });
  return fired;
}

TEST(TimerWheelTest, FiresOnceNeverEarlyAndAtMostATickLate) {
  for (int offset = 0; offset < 45; ++offset) {
    TimerWheel<int> wheel;
    wheel.schedule(1, at(1000 + offset));
    int fired_at = -1;
    for (int now = 0; now < 1200; ++now) {
      wheel.advance(at(now), [&](int) {
        EXPECT_EQ(fired_at, -1);
        fired_at = now;
      });
    }
    EXPECT_GE(fired_at, 1000 + offset);
    EXPECT_LE(fired_at, 1000 + offset + 5);
    EXPECT_TRUE(wheel.empty());
  }
}

TEST(TimerWheelTest, DoesNotFireAFractionOfAMillisecondEarly) {
  TimerWheel<int> wheel;
  wheel.schedule(1, at(20) + std::chrono::nanoseconds(1));
  EXPECT_TRUE(fired_by(wheel, 20).empty());
  EXPECT_EQ(fired_by(wheel, 25), std::vector<int>{1});
}

TEST(TimerWheelTest, SaysWhenToAdvance) {
  TimerWheel<int> wheel;
  EXPECT_TRUE(fired_by(wheel, 1000).empty());
  EXPECT_EQ(wheel.next_advance(at(1020)), at(1020)) << "nothing is scheduled";
  wheel.schedule(1, at(1012));
  EXPECT_EQ(wheel.next_advance(at(1020)), at(1015));
  EXPECT_EQ(wheel.next_advance(at(1011)), at(1011)) << "the limit is earlier";
  EXPECT_TRUE(fired_by(wheel, 1014).empty());
  EXPECT_EQ(wheel.next_advance(at(1034)), at(1015));
  EXPECT_EQ(fired_by(wheel, 1015), std::vector<int>{1});
  EXPECT_EQ(wheel.next_advance(at(1035)), at(1035));
  wheel.schedule(2, at(1005));
  EXPECT_EQ(wheel.next_advance(at(1035)), at(1020)) << "a passed deadline";
}

TEST(TimerWheelTest, FiresInOrderOfTicks) {
  TimerWheel<int> wheel;
  wheel.schedule(3, at(300));
  wheel.schedule(1, at(100));
  wheel.schedule(2, at(200));
  EXPECT_TRUE(fired_by(wheel, 0).empty());
  EXPECT_EQ(fired_by(wheel, 400), (std::vector<int>{1, 2, 3}));
}

TEST(TimerWheelTest, ScheduleReplacesAnEarlierDeadline) {
  TimerWheel<int> wheel;
  wheel.schedule(1, at(100));
  wheel.schedule(1, at(500));
  EXPECT_TRUE(fired_by(wheel, 400).empty());
  EXPECT_EQ(fired_by(wheel, 520), std::vector<int>{1});
  EXPECT_TRUE(fired_by(wheel, 2000).empty());
}

TEST(TimerWheelTest, CancelRemovesATimer) {
  TimerWheel<int> wheel;
  wheel.schedule(1, at(100));
  wheel.cancel(1);
  wheel.cancel(2);
  EXPECT_TRUE(wheel.empty());
  EXPECT_TRUE(fired_by(wheel, 1000).empty());
}

TEST(TimerWheelTest, APassedDeadlineFiresAtTheNextTick) {
  TimerWheel<int> wheel;
  EXPECT_TRUE(fired_by(wheel, 1000).empty());
  wheel.schedule(1, at(0));
  EXPECT_EQ(fired_by(wheel, 1020), std::vector<int>{1});
}

TEST(TimerWheelTest, TimersFurtherThanOneTurnWaitForTheirTime) {
  TimerWheel<int> wheel;
  const int day = 86'400'000;
  wheel.schedule(1, at(day));
  wheel.schedule(2, at(100'000));
  std::vector<int> fired;
  for (int now = 0; now < day; now += 50'000) {
    wheel.advance(at(now), [&](int id) { fired.push_back(id); });
  }
  EXPECT_EQ(fired, std::vector<int>{2});
  EXPECT_EQ(fired_by(wheel, day + 20), std::vector<int>{1});
}

TEST(TimerWheelTest, AfterALongPauseAllExpiredTimersFireAndNoOthers) {
  TimerWheel<int> wheel;
  EXPECT_TRUE(fired_by(wheel, 0).empty());
  for (int id = 0; id < 200; ++id) wheel.schedule(id, at(id * 1000));
  EXPECT_EQ(fired_by(wheel, 150'500).size(), 151U);
  EXPECT_EQ(fired_by(wheel, 300'000).size(), 49U);
}

TEST(TimerWheelTest, ACallMayCancelAnotherThatIsDueInTheSameTick) {
  TimerWheel<int> wheel;
  wheel.schedule(1, at(100));
  wheel.schedule(2, at(100));
  int calls = 0;
  wheel.advance(at(200), [&](int id) {
    ++calls;
    wheel.cancel(3 - id);
  });
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(wheel.empty());
}

TEST(TimerWheelTest, ACallMayDelayAnotherThatIsDueInTheSameTick) {
  TimerWheel<int> wheel;
  wheel.schedule(1, at(100));
  wheel.schedule(2, at(100));
  std::vector<int> fired;
  wheel.advance(at(200), [&](int id) {
    fired.push_back(id);
    wheel.schedule(3 - id, at(1000));
  });
  EXPECT_EQ(fired.size(), 1U);
  EXPECT_EQ(fired_by(wheel, 1020), std::vector<int>{3 - fired.at(0)});
}

TEST(TimerWheelTest, ACallMayScheduleItselfAgain) {
  TimerWheel<int> wheel;
  wheel.schedule(1, at(100));
  int calls = 0;
  // Also if the new deadline has already passed: once per advance(), not endlessly.
  wheel.advance(at(1000), [&](int id) {
    ++calls;
    wheel.schedule(id, at(0));
  });
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(fired_by(wheel, 1020), std::vector<int>{1});
}

TEST(TimerWheelTest, AcceptsEnumsAsIds) {
  TimerWheel<SessionId> wheel;
  wheel.schedule(SessionId{7}, at(10));
  std::vector<SessionId> fired;
  wheel.advance(at(40), [&](SessionId id) { fired.push_back(id); });
  EXPECT_EQ(fired, std::vector<SessionId>{SessionId{7}});
}

TEST(TimerWheelTest, AgreesWithAMapOfDeadlines) {
  const std::uint64_t seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 engine(seed);
  const auto below = [&](int bound) {
    return std::uniform_int_distribution<int>(0, bound - 1)(engine);
  };
  TimerWheel<int> wheel;
  std::map<int, int> deadlines;
  int now = 0;
  wheel.advance(at(now), [](int) {});
  for (int round = 0; round < 20'000; ++round) {
    const int id = below(200);
    if (below(4) == 0) {
      wheel.cancel(id);
      deadlines.erase(id);
    } else {
      const int deadline = now + below(below(20) == 0 ? 300'000 : 2'000);
      wheel.schedule(id, at(deadline));
      deadlines[id] = deadline;
    }
    if (below(3) != 0) continue;
    now += below(below(500) == 0 ? 200'000 : 100);
    wheel.advance(at(now), [&](int fired) {
      ASSERT_TRUE(deadlines.contains(fired));
      EXPECT_LE(deadlines[fired], now);
      deadlines.erase(fired);
    });
    for (const auto& [waiting, deadline] : deadlines) EXPECT_GT(deadline, now - 5) << waiting;
    EXPECT_EQ(wheel.empty(), deadlines.empty());
  }
}

// The heartbeats of many sessions: checking all timers in each tick would take minutes here.
TEST(TimerWheelTest, HandlesAHundredThousandTimers) {
  TimerWheel<int> wheel;
  constexpr int timers = 100'000;
  for (int id = 0; id < timers; ++id) wheel.schedule(id, at(id % 25'000));
  std::size_t calls = 0;
  for (int now = 0; now < 100'000; now += 20) {
    wheel.advance(at(now), [&](int id) {
      ++calls;
      wheel.schedule(id, at(now + 25'000));
    });
  }
  EXPECT_GE(calls, std::size_t{3} * timers);
  EXPECT_LE(calls, std::size_t{4} * timers);
}

}  // namespace
}  // namespace sioserve
