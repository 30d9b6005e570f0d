#include "socketio/cluster/msgpack_writer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace sioserve::socketio::cluster {
namespace {

// Of the library, which chooses the shortest forms, too.
std::string expected(const Json& value) {
  std::string bytes;
  Json::to_msgpack(value, bytes);
  return bytes;
}

TEST(MsgpackWriter, writes_numbers_in_their_shortest_form) {
  for (const std::uint64_t limit : {0x80ULL, 0x100ULL, 0x10000ULL, 0x100000000ULL}) {
    for (const std::uint64_t number : {limit - 1, limit, limit + 1}) {
      MsgpackWriter writer;
      writer.number(number);
      EXPECT_EQ(writer.take(), expected(number)) << number;
    }
  }
  MsgpackWriter writer;
  writer.number(UINT64_MAX);
  EXPECT_EQ(writer.take(), expected(UINT64_MAX));
}

TEST(MsgpackWriter, writes_texts_of_any_length) {
  for (const std::size_t size : {0U, 1U, 31U, 32U, 255U, 256U, 65'535U, 65'536U}) {
    const std::string text(size, 'x');
    MsgpackWriter writer;
    writer.text(text);
    EXPECT_EQ(writer.take(), expected(text)) << size;
  }
}

TEST(MsgpackWriter, writes_arrays_and_maps_around_values) {
  MsgpackWriter writer;
  writer.begin_array(2);
  writer.begin_map(1);
  writer.text("name");
  writer.value({{"nested", {1, nullptr}}});
  writer.number(7);
  EXPECT_EQ(writer.take(), expected({{{"name", {{"nested", {1, nullptr}}}}}, 7}));
}

}  // namespace
}  // namespace sioserve::socketio::cluster
