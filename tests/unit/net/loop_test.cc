#include "server/net/loop.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>

#include "server/net/async.h"
#include "server/net/timer.h"

namespace sioserve::net {
namespace {

TEST(Loop, RunsUntilNothingIsLeft) {
  Loop loop;
  loop.run();
}

TEST(Loop, TimersExpire) {
  Loop loop;
  int expired = 0;
  Timer timer(loop, [&] { ++expired; });
  timer.start_once(Milliseconds(1));
  loop.run();
  EXPECT_EQ(expired, 1);
}

TEST(Loop, NowFollowsTheSteadyClock) {
  Loop loop;
  const auto difference = Clock::now() - loop.now();
  EXPECT_LT(difference, std::chrono::seconds(10));
  EXPECT_GT(difference, -std::chrono::seconds(10));
}

TEST(Loop, IsWokenFromAnotherThread) {
  Loop loop;
  Async async(loop, [&] { loop.stop(); });
  std::thread other([&] { async.send(); });
  loop.run();
  other.join();
}

class Noted final : public DeferredTask {
 public:
  explicit Noted(std::string& notes) : notes_(notes) {}
  void on_turn_end() override { notes_ += "task "; }

 private:
  std::string& notes_;
};

TEST(Loop, RunsDeferredTasksBetweenReads) {
  Loop loop;
  std::string notes;
  Noted task(notes);
  loop.between_reads([&] {
    notes += "between ";
    loop.deferred_queue().schedule(task);
  });
  for (int turn = 0; turn < 2; ++turn) {
    loop.deferred_queue().schedule(task);
    loop.after_read();
    EXPECT_EQ(notes, "");
    loop.deferred_queue().run_soon();
    loop.after_read();
    EXPECT_EQ(notes, "task between task ");
    notes.clear();
  }
}

class Restless final : public DeferredTask {
 public:
  Restless(Loop& loop, int turns) : loop_(loop), turns_(turns) {}
  void on_turn_end() override {
    if (--turns_ > 0) {
      loop_.deferred_queue().schedule(*this);
    } else {
      loop_.stop();
    }
  }

 private:
  Loop& loop_;
  int turns_;
};

TEST(Loop, DoesNotWaitForEventsWhileTasksAreLeft) {
  Loop loop;
  Async keeps_the_loop_alive(loop, [] {});
  Restless task(loop, 1'000);
  loop.deferred_queue().schedule(task);
  loop.run();
}

}  // namespace
}  // namespace sioserve::net
