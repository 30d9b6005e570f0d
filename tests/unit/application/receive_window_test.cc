#include "server/application/receive_window.h"

#include <gtest/gtest.h>

namespace sioserve::application {
namespace {

using Change = ReceiveWindow::Change;

TEST(ReceiveWindow, PausesAtItsLimitAndResumesBelowHalfOfIt) {
  ReceiveWindow window(100);
  window.arrived(99);
  EXPECT_EQ(window.update(), Change::none);
  window.arrived(1);
  EXPECT_EQ(window.update(), Change::pause);
  EXPECT_EQ(window.update(), Change::none);
  window.taken(50);
  EXPECT_EQ(window.update(), Change::none);
  window.taken(1);
  EXPECT_EQ(window.update(), Change::resume);
}

TEST(ReceiveWindow, ResumesWhenEverythingIsTakenWhateverTheLimit) {
  for (const std::size_t limit : {1U, 2U, 3U, 100U}) {
    ReceiveWindow window(limit);
    window.arrived(limit);
    EXPECT_EQ(window.update(), Change::pause) << limit;
    window.taken(limit);
    EXPECT_EQ(window.update(), Change::resume) << limit;
  }
}

TEST(ReceiveWindow, PausesWhileTheEventQueueIsFullEvenIfNothingIsInTheWindow) {
  ReceiveWindow window(100);
  window.set_queue_full(true);
  EXPECT_EQ(window.update(), Change::pause);
  window.set_queue_full(false);
  EXPECT_EQ(window.update(), Change::resume);
}

TEST(ReceiveWindow, ResumesOnlyWhenBothReasonsToPauseAreOver) {
  ReceiveWindow window(100);
  window.set_queue_full(true);
  window.arrived(100);
  EXPECT_EQ(window.update(), Change::pause);
  window.set_queue_full(false);
  EXPECT_EQ(window.update(), Change::none);
  window.taken(1000);  // more than was queued
  EXPECT_EQ(window.update(), Change::resume);
}

}  // namespace
}  // namespace sioserve::application
