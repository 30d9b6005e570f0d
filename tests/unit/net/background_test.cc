#include "server/net/background.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <csignal>
#include <cstdlib>

#include "server/net/connector.h"

namespace sioserve::net {
namespace {

bool sigpipe_is_blocked() {
  sigset_t set;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &set);
  return ::sigismember(&set, SIGPIPE) == 1;
}

// Each runs in a process of its own, in which the pool has no threads yet.
class BackgroundDeathTest : public testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

// Exits with 0 if SIGPIPE is blocked in a thread of the pool, and still is not in this one.
void look_at_the_pool(Loop& loop) {
  const bool blocked_here = sigpipe_is_blocked();
  bool blocked_there = false;
  run_in_background(
      loop, [&] { blocked_there = sigpipe_is_blocked(); },
      [&] { std::exit(blocked_there && !blocked_here ? 0 : 1); });
  loop.run();
  std::exit(2);
}

TEST_F(BackgroundDeathTest, BlocksSigpipeInThePoolEvenBeforeTheLoopRuns) {
  EXPECT_EXIT(
      {
        Loop loop;
        run_in_background(
            loop, [] {}, [] {});
        look_at_the_pool(loop);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(BackgroundDeathTest, BlocksSigpipeInThePoolThatALookupStarts) {
  EXPECT_EXIT(
      {
        Loop loop;
        Connector connector(loop, [](Connector::Connected) {});
        connector.connect(TcpTarget{"localhost", 1}, Milliseconds(1000));
        look_at_the_pool(loop);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace sioserve::net
