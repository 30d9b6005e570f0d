#include "socketio/engine/outbox.h"

#include <gtest/gtest.h>

namespace sioserve::engine {
namespace {

std::vector<std::string> pop(Outbox& outbox) {
  std::vector<std::string> unit;
  outbox.pop_unit([&unit](MessageKind kind, const SharedBytes& bytes) {
    unit.push_back((kind == MessageKind::binary ? "b:" : "t:") + *bytes);
  });
  return unit;
}

TEST(Outbox, HandsOutAPacketTogetherWithItsAttachments) {
  Outbox outbox;
  const std::vector<SharedBytes> attachments = {share("one"), share("two")};
  outbox.push(MessageKind::text, share("451-"), attachments);
  outbox.push(MessageKind::text, share("4next"), {});
  EXPECT_EQ(outbox.bytes(), 15u);
  EXPECT_EQ(pop(outbox), (std::vector<std::string>{"t:451-", "b:one", "b:two"}));
  EXPECT_EQ(outbox.bytes(), 5u);
  EXPECT_EQ(pop(outbox), (std::vector<std::string>{"t:4next"}));
  EXPECT_TRUE(outbox.empty());
  EXPECT_EQ(outbox.bytes(), 0u);
}

TEST(Outbox, TakesPacketsThatAreBinaryThemselves) {
  Outbox outbox;
  outbox.push(MessageKind::binary, share("one"), {});
  outbox.push(MessageKind::binary, share("two"), {});
  EXPECT_EQ(pop(outbox), (std::vector<std::string>{"b:one"}));
  EXPECT_EQ(pop(outbox), (std::vector<std::string>{"b:two"}));
  EXPECT_TRUE(outbox.empty());
}

TEST(Outbox, WritesEverythingIntoOnePayload) {
  Outbox outbox;
  const std::vector<SharedBytes> attachments = {share(std::string("\x01\x02\x03\x04"))};
  outbox.push(MessageKind::text, share("451-"), attachments);
  outbox.push(MessageKind::text, share("2"), {});
  EXPECT_EQ(outbox.take_payload(framing_v4()).bytes,
            "451-\x1e"
            "bAQIDBA==\x1e"
            "2");
  EXPECT_TRUE(outbox.empty());
}

TEST(Outbox, KeepsOrderWhileItNeverRunsEmpty) {
  Outbox outbox;
  int pushed = 0;
  int popped = 0;
  for (int round = 0; round < 2000; ++round) {
    outbox.push(MessageKind::text, share(std::to_string(pushed++)), {});
    if (round <= 100) continue;
    EXPECT_EQ(pop(outbox).front(), "t:" + std::to_string(popped++));
  }
  while (!outbox.empty()) EXPECT_EQ(pop(outbox).front(), "t:" + std::to_string(popped++));
  EXPECT_EQ(popped, pushed);
  EXPECT_EQ(outbox.bytes(), 0u);
}

}  // namespace
}  // namespace sioserve::engine
