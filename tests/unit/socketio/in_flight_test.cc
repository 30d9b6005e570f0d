#include "socketio/server/in_flight.h"

#include <gtest/gtest.h>

namespace sioserve::socketio {
namespace {

TEST(InFlight, TheOldestEventsAreRemovedFirst) {
  InFlight events;
  events.add(5'000);
  events.add(10);
  events.add(3'000);
  EXPECT_EQ(events.total().events, 3u);
  EXPECT_EQ(events.total().bytes, 8'000u) << "small events are not counted";
  EXPECT_EQ(events.take(1).bytes, 5'000u);
  EXPECT_EQ(events.take(1).bytes, 0u);
  EXPECT_EQ(events.total().events, 1u);
  const InFlight::Amount rest = events.take(1'000);
  EXPECT_EQ(rest.events, 1u);
  EXPECT_EQ(rest.bytes, 3'000u);
  EXPECT_EQ(events.total().events, 0u);
  EXPECT_EQ(events.total().bytes, 0u);
  EXPECT_EQ(events.take(5).events, 0u);
}

}  // namespace
}  // namespace sioserve::socketio
