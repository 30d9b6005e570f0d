#include "server/tls/ticket_keys.h"

#include <gtest/gtest.h>

namespace sioserve::tls {
namespace {

constexpr auto lifetime = TicketKeys::lifetime;

TEST(TlsTicketKeys, AcceptsTheTicketsOfAKeyForOneLifetimeMore) {
  TicketKeys keys;
  const TimePoint start{std::chrono::hours(5)};
  const auto first = keys.current(start).name;
  EXPECT_EQ(keys.current(start + lifetime / 2).name, first);

  const auto second = keys.current(start + lifetime).name;
  EXPECT_NE(second, first);
  EXPECT_NE(keys.find(first, start + lifetime), nullptr);
  EXPECT_NE(keys.find(second, start + lifetime), nullptr);
  EXPECT_EQ(keys.find(first, start + 2 * lifetime), nullptr);
  EXPECT_NE(keys.find(second, start + 2 * lifetime), nullptr);
}

TEST(TlsTicketKeys, ForgetsAKeyThatWasNotUsedForLong) {
  TicketKeys keys;
  const TimePoint start{std::chrono::hours(5)};
  const auto first = keys.current(start).name;
  EXPECT_EQ(keys.find(first, start + 2 * lifetime), nullptr);
}

TEST(TlsTicketKeys, KnowsNoOtherKey) {
  TicketKeys keys;
  const std::array<unsigned char, 16> unknown{};
  EXPECT_EQ(keys.find(unknown, TimePoint(std::chrono::hours(5))), nullptr);
}

}  // namespace
}  // namespace sioserve::tls
