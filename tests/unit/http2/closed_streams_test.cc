#include "server/http2/closed_streams.h"

#include <gtest/gtest.h>

namespace sioserve::http2 {
namespace {

TEST(Http2ClosedStreams, KnowsWhoHasClosedAStream) {
  ClosedStreams closed;
  EXPECT_FALSE(closed.closed_by_client(1, false)) << "it has not begun";
  closed.begun(3);
  EXPECT_FALSE(closed.closed_by_client(3, true));
  EXPECT_TRUE(closed.closed_by_client(3, false));
  EXPECT_TRUE(closed.closed_by_client(1, false)) << "the client has skipped it";
  closed.reset_by_server(3);
  EXPECT_FALSE(closed.closed_by_client(3, false)) << "frames may be on their way";
  EXPECT_FALSE(closed.closed_by_client(0, false)) << "the connection itself";
}

TEST(Http2ClosedStreams, KnowsAResetThatHasJustArrived) {
  ClosedStreams closed;
  closed.begun(1);
  closed.reset_by_client(1);
  EXPECT_TRUE(closed.closed_by_client(1, true));
  EXPECT_FALSE(closed.closed_by_client(3, true));
}

TEST(Http2ClosedStreams, ForgetsOldResets) {
  ClosedStreams closed;
  for (int stream = 1; stream <= 10'001; stream += 2) {
    closed.begun(stream);
    closed.reset_by_server(stream);
  }
  EXPECT_TRUE(closed.closed_by_client(1, false));
  EXPECT_FALSE(closed.closed_by_client(9'001, false));
}

}  // namespace
}  // namespace sioserve::http2
