#include "socketio/server/memory_adapter.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>

namespace sioserve::socketio {
namespace {

class FakeRecipient final : public Recipient {
 public:
  explicit FakeRecipient(std::uint64_t id) : Recipient(SocketId{id}, "id" + std::to_string(id)) {}
  int deliveries = 0;
  SharedBytes latest;
};

int handed_over = 0;  // calls of deliver since the last test began

void deliver(std::span<Recipient* const> recipients, const parser::EncodedPacket& packet,
             Delivery) {
  ++handed_over;
  for (Recipient* recipient : recipients) {
    auto& fake = static_cast<FakeRecipient&>(*recipient);
    ++fake.deliveries;
    fake.latest = packet.message;
  }
}

const parser::EncodedPacket packet{share("42[\"x\"]"), {}};

struct MemoryAdapterTest : testing::Test {
  FakeRecipient a{1}, b{2}, c{3};
  Counters counters;
  MemoryAdapter adapter{counters, deliver};
  MemoryAdapterTest() {
    handed_over = 0;
    for (FakeRecipient* recipient : {&a, &b, &c}) adapter.add(*recipient);
  }
  void join(FakeRecipient& who, const std::string& room) {
    EXPECT_EQ(adapter.join(who, room, 0), Adapter::Join::joined);
  }
  std::size_t broadcast(std::vector<std::string> rooms, std::vector<SocketId> except = {}) {
    return adapter.broadcast(BroadcastTarget{rooms, {}, except}, packet, Delivery::reliable);
  }
};

TEST_F(MemoryAdapterTest, ABroadcastWithoutRoomsReachesAllSockets) {
  EXPECT_EQ(broadcast({}), 3u);
  EXPECT_EQ(a.deliveries + b.deliveries + c.deliveries, 3);
  EXPECT_EQ(a.latest, packet.message) << "the buffer is shared";
}

TEST_F(MemoryAdapterTest, ABroadcastReachesMembersOfSeveralRoomsOnce) {
  join(a, "x");
  join(a, "y");
  join(b, "y");
  EXPECT_EQ(broadcast({"x", "y", "nobody's"}), 2u);
  EXPECT_EQ(a.deliveries, 1);
  EXPECT_EQ(b.deliveries, 1);
  EXPECT_EQ(c.deliveries, 0);
}

TEST_F(MemoryAdapterTest, PassesAllRecipientsOfABroadcastInOneCall) {
  join(a, "x");
  join(b, "y");
  broadcast({});
  EXPECT_EQ(handed_over, 1);
  broadcast({}, {SocketId{2}});
  EXPECT_EQ(handed_over, 2);
  broadcast({"x", "y", "id3"});
  EXPECT_EQ(handed_over, 3);
  join(a, "y");
  EXPECT_EQ(adapter.broadcast_to_rooms_of(a, Relay::Sender::left_out, packet, Delivery::reliable),
            1u);
  EXPECT_EQ(handed_over, 4);
  EXPECT_EQ(adapter.broadcast_to_rooms_of(a, Relay::Sender::included, packet, Delivery::reliable),
            2u);
  EXPECT_EQ(handed_over, 5);
}

TEST_F(MemoryAdapterTest, ARecipientCannotJoinMoreRoomsThanTheLimit) {
  EXPECT_EQ(adapter.join(a, "x", 2), Adapter::Join::joined);
  EXPECT_EQ(adapter.join(a, "y", 2), Adapter::Join::joined);
  EXPECT_EQ(adapter.join(a, "x", 2), Adapter::Join::joined);
  EXPECT_EQ(adapter.join(a, "z", 2), Adapter::Join::too_many_rooms);
  EXPECT_EQ(adapter.join(b, "z", 2), Adapter::Join::joined);
  EXPECT_EQ(broadcast({"z"}), 1u);
  adapter.leave(a, "y");
  EXPECT_EQ(adapter.join(a, "z", 2), Adapter::Join::joined);
  EXPECT_EQ(counters.get(Counter::rooms), 2u);
}

TEST_F(MemoryAdapterTest, ABroadcastLeavesOutExceptedSockets) {
  EXPECT_EQ(broadcast({}, {SocketId{1}, SocketId{3}}), 1u);
  EXPECT_EQ(b.deliveries, 1);
}

TEST_F(MemoryAdapterTest, ABroadcastLeavesOutExceptedRooms) {
  join(a, "x");
  join(b, "x");
  join(b, "quiet");
  const std::vector<std::string> rooms = {"x"}, except_rooms = {"quiet", "nobody's"};
  EXPECT_EQ(adapter.broadcast({rooms, except_rooms, {}}, packet, Delivery::reliable), 1u);
  EXPECT_EQ(a.deliveries, 1);
  EXPECT_EQ(adapter.broadcast({{}, except_rooms, {}}, packet, Delivery::reliable), 2u);
  EXPECT_EQ(b.deliveries, 0);
}

TEST_F(MemoryAdapterTest, APublicIdReachesItsRecipientAndTheRoomOfThatName) {
  join(a, "x");
  EXPECT_EQ(broadcast({"x", "id1", "id3", "id3"}), 2u);
  EXPECT_EQ(a.deliveries, 1);
  EXPECT_EQ(b.deliveries, 0);
  EXPECT_EQ(c.deliveries, 1);
  join(b, "id1");
  join(a, "id1");
  EXPECT_EQ(broadcast({"id1"}), 2u);
  EXPECT_EQ(a.deliveries, 2);
  EXPECT_EQ(b.deliveries, 1);
  const std::vector<std::string> followed = {"id1"};
  EXPECT_EQ(adapter.broadcast({{}, followed, {}}, packet, Delivery::reliable), 1u);
  EXPECT_EQ(c.deliveries, 2);
  adapter.remove(a);
  EXPECT_EQ(broadcast({"id1"}), 1u);
  EXPECT_EQ(b.deliveries, 2);
}

TEST_F(MemoryAdapterTest, FindReturnsTheRecipientsOfABroadcast) {
  join(a, "x");
  join(b, "x");
  join(b, "quiet");
  const std::vector<std::string> rooms = {"x", "id3"}, except = {"quiet"};
  EXPECT_EQ(adapter.find({rooms, except, {}}), (std::vector{SocketId{1}, SocketId{3}}));
  EXPECT_EQ(adapter.find({{}, except, {}}), (std::vector{SocketId{1}, SocketId{3}}));
  EXPECT_EQ(adapter.find({}).size(), 3u);
  EXPECT_EQ(a.deliveries + b.deliveries + c.deliveries, 0);
}

TEST_F(MemoryAdapterTest, ListsTheRoomsWithTheirMembers) {
  join(a, "x");
  join(a, "y");
  join(b, "y");
  EXPECT_EQ(adapter.rooms_of(a).size(), 2u);
  EXPECT_EQ(adapter.rooms_of(b), (std::vector<std::string>{"y"}));
  EXPECT_TRUE(adapter.rooms_of(c).empty());
  EXPECT_EQ(adapter.membership(a, "x").rooms, 2u);
  EXPECT_TRUE(adapter.membership(a, "x").is_member);
  EXPECT_FALSE(adapter.membership(b, "x").is_member);
  EXPECT_FALSE(adapter.membership(b, "nobody's").is_member);
  std::map<std::string, std::set<std::string>> told;
  for (const RoomMembers& room : adapter.rooms()) {
    told[room.room] = {room.ids.begin(), room.ids.end()};
  }
  EXPECT_EQ(told, (decltype(told){{"x", {"id1"}}, {"y", {"id1", "id2"}}}));
}

TEST_F(MemoryAdapterTest, RecordsRoomChangesInOrder) {
  std::vector<RoomChange> changes;
  join(a, "unseen");
  adapter.record_changes(&changes);
  join(a, "x");
  join(a, "x");
  join(b, "x");
  adapter.leave(a, "x");
  adapter.leave(a, "x");
  adapter.remove(b);
  adapter.record_changes(nullptr);
  adapter.leave_all(a);
  using Kind = RoomChange::Kind;
  const std::vector<RoomChange> expected = {{Kind::created, "x", ""},   {Kind::joined, "x", "id1"},
                                            {Kind::joined, "x", "id2"}, {Kind::left, "x", "id1"},
                                            {Kind::left, "x", "id2"},   {Kind::deleted, "x", ""}};
  ASSERT_EQ(changes.size(), expected.size());
  for (std::size_t i = 0; i < changes.size(); ++i) {
    EXPECT_EQ(changes[i].kind, expected[i].kind) << i;
    EXPECT_EQ(changes[i].room, expected[i].room) << i;
    EXPECT_EQ(changes[i].id, expected[i].id) << i;
  }
}

TEST_F(MemoryAdapterTest, KeepsRoomsWithSimilarNamesApart) {
  const std::string long_name(200, 'x');
  const std::vector<std::string> names = {
      "日本", "中国",           "a_b", "a.b", "", "A_B", long_name, long_name.substr(0, 99), "1",
      "01",   {"nul\0byte", 8}, "nul"};
  for (const std::string& name : names) {
    join(a, name);
    for (const std::string& other : names) {
      EXPECT_EQ(broadcast({other}), other == name ? 1u : 0u) << name << " and " << other;
    }
    adapter.leave(a, name);
  }
  EXPECT_EQ(adapter.room_count(), 0u);
}

TEST_F(MemoryAdapterTest, JoiningTwiceAndLeavingTwiceHaveNoEffect) {
  join(a, "x");
  join(a, "x");
  EXPECT_EQ(broadcast({"x"}), 1u);
  adapter.leave(a, "x");
  adapter.leave(a, "x");
  adapter.leave(b, "never joined");
  EXPECT_EQ(broadcast({"x"}), 0u);
}

TEST_F(MemoryAdapterTest, ARemovedRecipientIsInNoRoom) {
  join(a, "x");
  adapter.remove(a);
  join(a, "x");
  EXPECT_EQ(broadcast({"x"}), 0u);
  EXPECT_EQ(broadcast({}), 2u);
  EXPECT_EQ(adapter.room_count(), 0u);
}

TEST_F(MemoryAdapterTest, AgreesWithAModelOfRandomJoinsAndLeaves) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::vector<std::unique_ptr<FakeRecipient>> all;
  std::map<std::string, std::set<FakeRecipient*>> model;
  for (std::uint64_t i = 0; i < 20; ++i) {
    all.push_back(std::make_unique<FakeRecipient>(10 + i));
    adapter.add(*all.back());
  }
  for (int step = 0; step < 5000; ++step) {
    FakeRecipient* const who = all[random() % all.size()].get();
    const std::string room(1, static_cast<char>('a' + random() % 6));
    switch (random() % 8) {
      case 0:
        adapter.leave_all(*who);
        for (auto& [name, members] : model) members.erase(who);
        break;
      case 1:
        adapter.remove(*who);
        adapter.add(*who);
        for (auto& [name, members] : model) members.erase(who);
        break;
      case 2:
      case 3:
        adapter.leave(*who, room);
        model[room].erase(who);
        break;
      default:
        EXPECT_EQ(adapter.join(*who, room, 0), Adapter::Join::joined);
        model[room].insert(who);
    }
    const std::string other(1, static_cast<char>('a' + random() % 6));
    std::set<FakeRecipient*> expected = model[room];
    expected.insert(model[other].begin(), model[other].end());
    for (const auto& recipient : all) recipient->deliveries = 0;
    ASSERT_EQ(broadcast({room, other}), expected.size());
    for (const auto& recipient : all) {
      ASSERT_EQ(recipient->deliveries, expected.contains(recipient.get()) ? 1 : 0);
    }
  }
}

}  // namespace
}  // namespace sioserve::socketio
