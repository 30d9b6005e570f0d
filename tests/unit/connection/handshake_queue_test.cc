#include "server/connection/handshake_queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

namespace sioserve::connection {
namespace {

class Client final : public HandshakeQueue::Waiter {
 public:
  void on_place(HandshakeQueue::Place place) override { place_ = std::move(place); }
  bool has_place() const { return place_ != nullptr; }
  void end() { place_.reset(); }

 private:
  HandshakeQueue::Place place_;
};

class HandshakeQueueTest : public testing::Test {
 protected:
  static constexpr std::size_t limit = 3;

  void enter(int count) {
    for (int i = 0; i < count; ++i) {
      queue_.enter(*clients_.emplace_back(std::make_unique<Client>()));
    }
  }
  std::size_t with_place() const {
    std::size_t count = 0;
    for (const auto& client : clients_) count += client->has_place() ? 1 : 0;
    return count;
  }
  void some_turns() {
    while (deferred_queue_.run() == net::DeferredQueue::State::tasks_left) {
    }
  }

  net::DeferredQueue deferred_queue_;
  HandshakeQueue queue_{deferred_queue_, limit};
  std::vector<std::unique_ptr<Client>> clients_;
};

TEST_F(HandshakeQueueTest, GivesPlacesInOrderUpToTheLimit) {
  enter(5);
  EXPECT_EQ(with_place(), 0U) << "not within the call";
  some_turns();
  EXPECT_EQ(queue_.under_way(), limit);
  EXPECT_EQ(queue_.waiting(), 2U);
  EXPECT_TRUE(clients_[2]->has_place());
  clients_[0]->end();
  some_turns();
  EXPECT_TRUE(clients_[3]->has_place());
  EXPECT_FALSE(clients_[4]->has_place());
}

TEST_F(HandshakeQueueTest, ForgetsAClientThatHasGone) {
  enter(5);
  some_turns();
  clients_.erase(clients_.begin() + 3);  // it waits
  clients_[0]->end();
  some_turns();
  EXPECT_TRUE(clients_[3]->has_place());
  clients_.clear();
  EXPECT_EQ(queue_.under_way(), 0U);
  EXPECT_EQ(queue_.waiting(), 0U);
}

TEST(HandshakeQueue, BeginsOnlyAFewInOneTurn) {
  net::DeferredQueue deferred_queue;
  HandshakeQueue queue(deferred_queue, 0);
  std::vector<Client> clients(100);
  for (Client& client : clients) queue.enter(client);
  EXPECT_EQ(deferred_queue.run(), net::DeferredQueue::State::tasks_left);
  EXPECT_GT(queue.under_way(), 0U);
  EXPECT_LT(queue.under_way(), 20U);
  while (deferred_queue.run() == net::DeferredQueue::State::tasks_left) {
  }
  EXPECT_EQ(queue.under_way(), 100U);
}

}  // namespace
}  // namespace sioserve::connection
