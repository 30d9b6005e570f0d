#include "server/base/run_or_abort.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

namespace sioserve {
namespace {

TEST(RunOrAbortDeathTest, AnExceptionEndsTheProcessWithAMessage) {
  EXPECT_DEATH(std::thread([] {
                 run_or_abort("The I/O thread", [] { throw std::runtime_error("no more room"); });
               }).join(),
               "sioserve: The I/O thread failed: no more room");
  EXPECT_DEATH(run_or_abort("Work", [] { throw 5; }), "Work failed: unknown exception");
}

TEST(RunOrAbortTest, RunsTheFunction) {
  bool ran = false;
  run_or_abort("Work", [&] { ran = true; });
  EXPECT_TRUE(ran);
}

}  // namespace
}  // namespace sioserve
