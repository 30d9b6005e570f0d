#include "server/net/active_wait.h"

#include <gtest/gtest.h>

namespace sioserve::net {
namespace {

using std::chrono::microseconds;

// A loop that handles events for 10 µs at a time.
class Client {
 public:
  void send_after(microseconds pause, std::size_t tasks = 2) {
    now_ += pause;
    const TimePoint begin = now_;
    now_ += microseconds(10);
    wait_.worked(begin, now_, tasks);
  }
  void send_in_time() {
    for (int i = 0; i < ActiveWait::enough; ++i) send_after(microseconds(5));
  }
  bool polls_after(microseconds pause) const { return wait_.polls(now_ + pause); }

 private:
  ActiveWait wait_;
  TimePoint now_ = TimePoint() + std::chrono::hours(1);
};

TEST(ActiveWait, PollsForAMomentAfterEventsInQuickSuccession) {
  Client client;
  client.send_after(microseconds(0));  // the first one ends a long pause
  for (int i = 1; i < ActiveWait::enough; ++i) client.send_after(microseconds(5));
  EXPECT_FALSE(client.polls_after(microseconds(0)));
  client.send_after(microseconds(5));
  EXPECT_TRUE(client.polls_after(microseconds(0)));
  EXPECT_TRUE(client.polls_after(ActiveWait::longest - microseconds(1)));
  EXPECT_FALSE(client.polls_after(ActiveWait::longest));
}

TEST(ActiveWait, SleepsAtOnceAfterAPause) {
  Client client;
  client.send_after(microseconds(0));
  client.send_in_time();
  EXPECT_TRUE(client.polls_after(microseconds(0)));
  client.send_after(ActiveWait::longest);
  EXPECT_FALSE(client.polls_after(microseconds(0)));
  client.send_in_time();
  EXPECT_TRUE(client.polls_after(microseconds(0)));
}

TEST(ActiveWait, SleepsAtOnceWithMuchToDo) {
  Client client;
  client.send_after(microseconds(0));
  client.send_in_time();
  client.send_after(microseconds(5), ActiveWait::few + 1);
  EXPECT_FALSE(client.polls_after(microseconds(0)));
}

TEST(ActiveWait, IgnoresTurnsWithoutWork) {
  Client client;
  client.send_after(microseconds(0));
  client.send_in_time();
  client.send_after(2 * ActiveWait::longest, 0);
  EXPECT_FALSE(client.polls_after(microseconds(0)));
  client.send_after(microseconds(0));  // the pause since the last work counts
  EXPECT_FALSE(client.polls_after(microseconds(0)));
}

}  // namespace
}  // namespace sioserve::net
