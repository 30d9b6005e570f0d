#include "server/port/batch_queue.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace sioserve {
namespace {

TEST(BatchQueue, HandsOverEverythingInOrder) {
  BatchQueue<int> queue([] {});
  EXPECT_EQ(queue.push(1), 1U);
  EXPECT_EQ(queue.push(2), 2U);
  EXPECT_EQ(queue.push(3), 3U);
  std::vector<int> batch = {9, 9};
  EXPECT_EQ(queue.take(batch), 3U);
  EXPECT_EQ(batch, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(queue.take(batch), 0U);
  EXPECT_TRUE(batch.empty());
}

TEST(BatchQueue, WakesOncePerBatch) {
  int wakes = 0;
  BatchQueue<int> queue([&] { ++wakes; });
  queue.push(1);
  queue.push(2);
  EXPECT_EQ(wakes, 1);
  std::vector<int> batch;
  queue.take(batch);
  queue.take(batch);
  EXPECT_EQ(wakes, 1);
  queue.push(3);
  EXPECT_EQ(wakes, 2);
}

TEST(BatchQueue, TakesABatchAsAWhole) {
  int wakes = 0;
  BatchQueue<int> queue([&] { ++wakes; });
  std::vector<int> values;
  EXPECT_EQ(queue.push_all(values), 0U);
  EXPECT_EQ(wakes, 0);
  values = {1, 2};
  EXPECT_EQ(queue.push_all(values), 2U);
  EXPECT_TRUE(values.empty());
  values = {3, 4, 5};
  EXPECT_EQ(queue.push_all(values), 5U);
  EXPECT_EQ(wakes, 1);
  std::vector<int> batch;
  queue.take(batch);
  EXPECT_EQ(batch, (std::vector<int>{1, 2, 3, 4, 5}));
}

TEST(BatchQueue, CarriesValuesThatCanOnlyBeMoved) {
  BatchQueue<std::unique_ptr<int>> queue([] {});
  queue.push(std::make_unique<int>(7));
  std::vector<std::unique_ptr<int>> batch;
  queue.take(batch);
  ASSERT_EQ(batch.size(), 1U);
  EXPECT_EQ(*batch[0], 7);
}

TEST(BatchQueue, LetsWakeTakeFromTheQueue) {
  std::vector<int> batch;
  BatchQueue<int>* self = nullptr;
  BatchQueue<int> queue([&] { self->take(batch); });
  self = &queue;
  queue.push(5);
  EXPECT_EQ(batch, std::vector<int>{5});
}

TEST(BatchQueue, ReusesTheStorageOfTheLastBatch) {
  BatchQueue<int> queue([] {});
  std::vector<int> batch;
  batch.reserve(1000);
  const int* storage = batch.data();
  queue.take(batch);
  queue.push(1);
  queue.take(batch);
  EXPECT_EQ(batch.data(), storage);
}

// One consumer that sleeps between wake-ups loses nothing and sees each producer's values in order.
TEST(BatchQueue, LosesNothingBetweenThreads) {
  struct Value {
    std::size_t producer;
    std::unique_ptr<int> number;
  };
  constexpr std::size_t producers = 3;
  constexpr int per_producer = 20'000;

  std::mutex mutex;
  std::condition_variable woken;
  bool awake = false;
  BatchQueue<Value> queue([&] {
    std::lock_guard lock(mutex);
    awake = true;
    woken.notify_one();
  });

  std::vector<std::jthread> threads;
  for (std::size_t producer = 0; producer < producers; ++producer) {
    threads.emplace_back([&queue, producer] {
      std::vector<Value> together;
      for (int i = 0; i < per_producer; ++i) {
        // One producer hands over in batches, the others one by one.
        Value value{producer, std::make_unique<int>(i)};
        if (producer != 0) {
          queue.push(std::move(value));
          continue;
        }
        together.push_back(std::move(value));
        if (together.size() == 100) queue.push_all(together);
      }
    });
  }

  std::vector<int> next(producers, 0);
  std::size_t received = 0;
  std::vector<Value> batch;
  while (received < producers * per_producer) {
    {
      std::unique_lock lock(mutex);
      woken.wait(lock, [&] { return awake; });
      awake = false;
    }
    received += queue.take(batch);
    for (const Value& value : batch) {
      ASSERT_EQ(*value.number, next[value.producer]);
      ++next[value.producer];
    }
  }
  EXPECT_EQ(received, producers * per_producer);
  EXPECT_EQ(queue.take(batch), 0U);
}

}  // namespace
}  // namespace sioserve
