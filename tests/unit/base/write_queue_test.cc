#include "server/base/write_queue.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <optional>
#include <random>
#include <string>

namespace sioserve {
namespace {

std::string take(WriteQueue& queue, std::size_t max_bytes) {
  std::array<WriteQueue::Part, 4> parts;
  const std::size_t count = queue.next_parts(parts, max_bytes);
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) bytes += parts[i].view();
  return bytes;
}

TEST(WriteQueue, JoinsSmallWrites) {
  WriteQueue queue;
  queue.write("a");
  queue.write_owned("b");
  queue.write_shared(share("c"));
  std::array<WriteQueue::Part, 4> parts;
  EXPECT_EQ(queue.next_parts(parts, 100), 1U);
  EXPECT_EQ(parts[0].view(), "abc");
}

TEST(WriteQueue, DoesNotCopyALargeSharedBuffer) {
  WriteQueue queue;
  const SharedBytes shared = share(std::string(10'000, 'x'));
  queue.write("head");
  queue.write_shared(shared);
  std::array<WriteQueue::Part, 4> parts;
  ASSERT_EQ(queue.next_parts(parts, 100'000), 2U);
  EXPECT_EQ(parts[1].data, shared->data());
  queue.consume(10'004);
  EXPECT_EQ(shared.use_count(), 1);
}

TEST(WriteQueue, KeepsPartsInPlaceWhileMoreIsWritten) {
  WriteQueue queue;
  queue.write("first");
  std::array<WriteQueue::Part, 4> parts;
  ASSERT_EQ(queue.next_parts(parts, 100), 1U);
  for (int i = 0; i < 100; ++i) queue.write(std::string(1'000, 'x'));
  EXPECT_EQ(parts[0].view(), "first");
  EXPECT_EQ(take(queue, 5), "first");
}

TEST(WriteQueue, KeepsTheMemoryOfOneSmallStringForTheNextWrites) {
  WriteQueue queue;
  std::array<WriteQueue::Part, 4> parts;
  const auto write = [&](std::size_t size) {
    queue.write(std::string(size, 'x'));
    EXPECT_EQ(queue.next_parts(parts, 10'000), 1U);
    const char* const place = parts[0].data;
    queue.consume(size);
    EXPECT_EQ(queue.next_parts(parts, 10'000), 0U);
    return place;
  };
  const char* const place = write(100);
  EXPECT_EQ(write(90), place);
  EXPECT_EQ(write(80), place);
}

TEST(WriteQueue, ReturnsPartsInTheOrderOfTheirWrites) {
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  WriteQueue queue;
  std::string written;
  std::string read;
  for (int i = 0; i < 2'000; ++i) {
    const std::size_t size = std::array<std::size_t, 4>{0, 10, 1'025, 30'000}[random() % 4];
    std::string bytes;
    while (bytes.size() < size) bytes += std::to_string(random());
    written += bytes;
    switch (random() % 3) {
      case 0:
        queue.write(bytes);
        break;
      case 1:
        queue.write_owned(bytes);
        break;
      default:
        queue.write_shared(share(bytes));
    }
    const std::string next = take(queue, random() % 50'000);
    const std::size_t consumed = next.empty() ? 0 : random() % (next.size() + 1);
    read += next.substr(0, consumed);
    queue.consume(consumed);
    ASSERT_EQ(queue.size(), written.size() - read.size());
  }
  while (!queue.empty()) {
    const std::string next = take(queue, 100'000);
    read += next;
    queue.consume(next.size());
  }
  EXPECT_TRUE(read == written);
}

TEST(WriteQueue, PartsOfFilesKeepTheirPlaceBetweenBytes) {
  const auto file = std::make_shared<const OpenFile>();
  WriteQueue queue;
  queue.write("ab");
  queue.write_file({file, 100, 50});
  queue.write_file({file, 0, 0});
  queue.write("cd");
  EXPECT_EQ(queue.size(), 54U);
  std::array<WriteQueue::Part, 4> parts;
  EXPECT_FALSE(queue.next_file());
  EXPECT_EQ(queue.next_parts(parts, 1000), 1U);
  queue.consume(2);
  EXPECT_EQ(queue.next_parts(parts, 1000), 0U);
  queue.consume(20);
  ASSERT_TRUE(queue.next_file());
  EXPECT_EQ(queue.next_file()->offset, 120U);
  EXPECT_EQ(queue.next_file()->size, 30U);
  queue.consume(30);
  EXPECT_EQ(file.use_count(), 1) << "the file is released";
  EXPECT_EQ(queue.next_parts(parts, 1000), 1U);
  EXPECT_EQ(parts[0].view(), "cd");
}

}  // namespace
}  // namespace sioserve
