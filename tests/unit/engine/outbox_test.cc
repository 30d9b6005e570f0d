#include "socketio/engine/outbox.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>

namespace sioserve::engine {
namespace {

std::vector<std::string> pop(Outbox& outbox) {
  std::vector<std::string> unit;
  outbox.pop_unit([&unit](MessageKind kind, const SharedBytes& bytes, Compression) {
    unit.push_back((kind == MessageKind::binary ? "b:" : "t:") + *bytes);
  });
  return unit;
}

TEST(Outbox, ReturnsAPacketTogetherWithItsAttachments) {
  Outbox outbox;
  const std::vector<SharedBytes> attachments = {share("one"), share("two")};
  outbox.push(MessageKind::text, share("451-"), attachments, {Importance::expendable});
  outbox.push(MessageKind::text, share("4next"), {}, {Importance::expendable});
  EXPECT_EQ(outbox.bytes(), 15 + 4 * Outbox::overhead);
  EXPECT_EQ(pop(outbox), (std::vector<std::string>{"t:451-", "b:one", "b:two"}));
  EXPECT_EQ(outbox.bytes(), 5 + Outbox::overhead);
  EXPECT_EQ(pop(outbox), (std::vector<std::string>{"t:4next"}));
  EXPECT_TRUE(outbox.empty());
  EXPECT_EQ(outbox.bytes(), 0u);
}

TEST(Outbox, AcceptsBinaryPackets) {
  Outbox outbox;
  outbox.push(MessageKind::binary, share("one"), {}, {Importance::expendable});
  outbox.push(MessageKind::binary, share("two"), {}, {Importance::expendable});
  EXPECT_EQ(pop(outbox), (std::vector<std::string>{"b:one"}));
  EXPECT_EQ(pop(outbox), (std::vector<std::string>{"b:two"}));
  EXPECT_TRUE(outbox.empty());
}

TEST(Outbox, WritesEverythingIntoOnePayload) {
  Outbox outbox;
  const std::vector<SharedBytes> attachments = {share(std::string("\x01\x02\x03\x04"))};
  outbox.push(MessageKind::text, share("451-"), attachments, {Importance::expendable});
  outbox.push(MessageKind::text, share("2"), {}, {Importance::expendable});
  EXPECT_EQ(outbox.take_payload(framing_v4(), 0).bytes,
            "451-\x1e"
            "bAQIDBA==\x1e"
            "2");
  EXPECT_TRUE(outbox.empty());
}

// The packets of a body, "b" in front of binary ones.
std::vector<std::string> take(Outbox& outbox, std::size_t max_packets) {
  std::vector<std::string> packets;
  const auto source = framing_v4().read_body(MessageKind::text,
                                             outbox.take_payload(framing_v4(), max_packets).bytes);
  while (!source->at_end()) {
    const auto packet = source->next();
    packets.push_back((packet->kind == MessageKind::binary ? "b:" : "t:") + packet->bytes);
  }
  return packets;
}

using Packets = std::vector<std::string>;

TEST(Outbox, APayloadHasAtMostMaxPacketsInWholeUnits) {
  Outbox outbox;
  const std::vector<SharedBytes> attachments = {share("x"), share("y")};
  outbox.push(MessageKind::text, share("4a"), {}, {Importance::expendable});
  outbox.push(MessageKind::text, share("452-"), attachments, {Importance::expendable});
  outbox.push(MessageKind::text, share("4b"), {}, {Importance::expendable});
  outbox.push(MessageKind::text, share("4c"), {}, {Importance::expendable});
  EXPECT_EQ(outbox.packets(), 6u);
  EXPECT_EQ(take(outbox, 3), (Packets{"t:4a"})) << "the unit does not fit";
  EXPECT_EQ(outbox.packets(), 5u);
  EXPECT_EQ(take(outbox, 4), (Packets{"t:452-", "b:x", "b:y", "t:4b"}));
  EXPECT_EQ(outbox.bytes(), 2 + Outbox::overhead);
  EXPECT_EQ(take(outbox, 4), (Packets{"t:4c"}));
  EXPECT_TRUE(outbox.empty());
}

TEST(Outbox, AUnitLargerThanAPayloadIsSplitAndItsRestIsNotDropped) {
  Outbox outbox;
  const std::vector<SharedBytes> attachments = {share("v"), share("w"), share("x"), share("y")};
  outbox.push(MessageKind::text, share("454-"), attachments, {Importance::expendable});
  outbox.push(MessageKind::text, share("4a"), {}, {Importance::expendable});
  EXPECT_EQ(take(outbox, 2), (Packets{"t:454-", "b:v"}));
  EXPECT_TRUE(outbox.drop_oldest());
  EXPECT_FALSE(outbox.drop_oldest());
  outbox.push_front(share("2"), {Importance::required});
  EXPECT_EQ(take(outbox, 2), (Packets{"t:2", "b:w"}));
  EXPECT_EQ(take(outbox, 2), (Packets{"b:x", "b:y"}));
  EXPECT_TRUE(outbox.empty());
  EXPECT_EQ(outbox.bytes(), 0u);
}

TEST(Outbox, KeepsOrderWhileItNeverRunsEmpty) {
  Outbox outbox;
  int pushed = 0;
  int popped = 0;
  for (int round = 0; round < 2000; ++round) {
    outbox.push(MessageKind::text, share(std::to_string(pushed++)), {}, {Importance::expendable});
    if (round <= 100) continue;
    EXPECT_EQ(pop(outbox).front(), "t:" + std::to_string(popped++));
  }
  while (!outbox.empty()) EXPECT_EQ(pop(outbox).front(), "t:" + std::to_string(popped++));
  EXPECT_EQ(popped, pushed);
  EXPECT_EQ(outbox.bytes(), 0u);
}

TEST(Outbox, DropsTheOldestUnitsCompletely) {
  Outbox outbox;
  const std::vector<SharedBytes> attachments = {share("one"), share("two")};
  outbox.push(MessageKind::text, share("451-"), attachments, {Importance::expendable});
  outbox.push(MessageKind::text, share("4a"), {}, {Importance::expendable});
  outbox.push(MessageKind::text, share("4b"), {}, {Importance::expendable});
  EXPECT_TRUE(outbox.drop_oldest());
  EXPECT_EQ(outbox.bytes(), 4 + 2 * Outbox::overhead);
  EXPECT_EQ(pop(outbox), (std::vector<std::string>{"t:4a"}));
  EXPECT_TRUE(outbox.drop_oldest());
  EXPECT_TRUE(outbox.empty());
  EXPECT_FALSE(outbox.drop_oldest());
}

TEST(Outbox, NeverDropsRequiredUnits) {
  Outbox outbox;
  const std::vector<SharedBytes> attachments = {share("x")};
  outbox.push(MessageKind::text, share("40"), {}, {Importance::required});
  outbox.push(MessageKind::text, share("4a"), {}, {Importance::expendable});
  outbox.push(MessageKind::text, share("46"), attachments, {Importance::required});
  outbox.push(MessageKind::text, share("4b"), {}, {Importance::expendable});
  EXPECT_TRUE(outbox.drop_oldest());
  EXPECT_TRUE(outbox.drop_oldest());
  EXPECT_FALSE(outbox.drop_oldest());
  EXPECT_EQ(outbox.bytes(), 5 + 3 * Outbox::overhead);
  outbox.push(MessageKind::text, share("4c"), {}, {Importance::expendable});
  EXPECT_EQ(outbox.take_payload(framing_v4(), 0).bytes,
            "40\x1e"
            "46\x1e"
            "beA==\x1e"
            "4c");
  EXPECT_TRUE(outbox.empty());
}

// Compares with a plain list; the seed is printed.
TEST(Outbox, DropsPushesAndPopsInAnyOrder) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  struct Unit {
    std::vector<std::string> messages;
    Importance importance;
    bool is_rest = false;  // of a unit that did not fit into a payload
  };
  std::deque<Unit> model;
  Outbox outbox;
  std::size_t bytes = 0;
  const auto cost_of = [](const Packets& messages) {
    std::size_t cost = 0;
    for (const std::string& message : messages) cost += message.size() - 2 + Outbox::overhead;
    return cost;
  };
  const auto drop = [&](std::deque<Unit>::iterator unit) {
    bytes -= cost_of(unit->messages);
    return model.erase(unit);
  };
  const auto take_from_model = [&](std::size_t most) {
    Packets taken;
    while (!model.empty() && taken.size() < most) {
      Unit& unit = model.front();
      const auto end =
          unit.messages.begin() + static_cast<std::ptrdiff_t>(std::min(most, unit.messages.size()));
      if (taken.size() + unit.messages.size() <= most) {
        taken.insert(taken.end(), unit.messages.begin(), unit.messages.end());
        drop(model.begin());
      } else if (taken.empty()) {
        taken.assign(unit.messages.begin(), end);
        unit.messages.erase(unit.messages.begin(), end);
        unit.importance = Importance::required;
        unit.is_rest = true;
        bytes -= cost_of(taken);
      } else {
        break;
      }
    }
    return taken;
  };
  for (int step = 0; step < 20'000; ++step) {
    const auto choice = random() % 11;
    if (choice < 5) {
      const auto importance = random() % 3 == 0 ? Importance::required : Importance::expendable;
      Unit unit{{"t:4" + std::to_string(step)}, importance};
      std::vector<SharedBytes> attachments;
      for (auto count = random() % 3; count > 0; --count) {
        attachments.push_back(share("a" + std::to_string(count)));
        unit.messages.push_back("b:" + *attachments.back());
      }
      bytes += cost_of(unit.messages);
      outbox.push(MessageKind::text, share("4" + std::to_string(step)), attachments, {importance});
      model.push_back(std::move(unit));
    } else if (choice < 8) {
      const auto oldest = std::ranges::find(model, Importance::expendable, &Unit::importance);
      ASSERT_EQ(outbox.drop_oldest(), oldest != model.end());
      if (oldest != model.end()) drop(oldest);
    } else if (choice < 9 && !model.empty()) {
      ASSERT_EQ(pop(outbox), model.front().messages);
      drop(model.begin());
    } else if (choice < 10 && !model.empty()) {
      const std::size_t most = 1 + random() % 4;  // the largest unit has 3
      ASSERT_EQ(take(outbox, most), take_from_model(most));
    } else if (choice == 10) {
      if (model.empty() || !model.front().is_rest) model.push_front({{}, Importance::required});
      // Ahead of the rest of a unit, it is the first message of that unit.
      Unit& front = model.front();
      front.messages.insert(front.messages.begin(), "t:2");
      front.is_rest = false;
      bytes += cost_of({"t:2"});
      outbox.push_front(share("2"), {Importance::required});
    }
    std::size_t packets = 0;
    for (const Unit& unit : model) packets += unit.messages.size();
    ASSERT_EQ(outbox.packets(), packets);
    ASSERT_EQ(outbox.empty(), model.empty());
    ASSERT_EQ(outbox.bytes(), bytes);
  }
}

TEST(Outbox, ABodyMayBeCompressedIfOneOfItsMessagesMay) {
  const auto compression_of = [](std::vector<Compression> wishes) {
    Outbox outbox;
    for (const Compression wish : wishes) {
      outbox.push(MessageKind::text, share("4"), {}, {Importance::expendable, wish});
    }
    return outbox.take_payload(framing_v4(), 0).compression;
  };
  using enum Compression;
  EXPECT_EQ(compression_of({allowed}), allowed);
  EXPECT_EQ(compression_of({declined, declined}), declined);
  EXPECT_EQ(compression_of({declined, allowed, declined}), allowed);
}

TEST(Outbox, DroppedMessagesDoNotDecideAboutCompression) {
  Outbox outbox;
  outbox.push(MessageKind::text, share("4a"), {}, {Importance::expendable, Compression::allowed});
  outbox.push(MessageKind::text, share("4b"), {}, {Importance::required, Compression::declined});
  ASSERT_TRUE(outbox.drop_oldest());
  EXPECT_EQ(outbox.take_payload(framing_v4(), 0).compression, Compression::declined);
}

}  // namespace
}  // namespace sioserve::engine
