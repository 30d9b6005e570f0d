// All refused packets, in both encodings: tests/support/refusals.json, which
// tests/blackbox/test_socketio_refusals.py sends to a running server.
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>

#include "socketio/parser/codec.h"
#include "tests/unit/socketio/fixture.h"

namespace sioserve::socketio {
namespace {

using PacketParser = SocketIoConfig::Parser;

Json read_table() {
  std::ifstream file(SIOSERVE_REFUSALS);
  return Json::parse(file);
}

// {"_binary": text} stands for bytes.
void put_binary(Json& value) {
  if (value.is_object() && value.contains("_binary")) {
    const auto text = value["_binary"].get<std::string>();
    value = Json::binary({text.begin(), text.end()});
  } else if (value.is_structured()) {
    for (Json& child : value) put_binary(child);
  }
}

std::string in_msgpack(Json packet) {
  put_binary(packet);
  std::string bytes;
  Json::to_msgpack(packet, bytes);
  return bytes;
}

struct RefusalsTest : testing::TestWithParam<PacketParser>, ServerFixture {
  RefusalsTest() {
    config.socket_io.parser = GetParam();
    restart();
  }

  bool is_text() const { return GetParam() == PacketParser::json; }
  const char* column() const { return is_text() ? "text" : "msgpack"; }

  std::string message(const Json& packet) const {
    return is_text() ? packet.get<std::string>() : in_msgpack(packet);
  }

  void join(Peer& peer) {
    peer.receive_packet(is_text(), is_text() ? "0" : in_msgpack({{"type", 0}, {"nsp", "/"}}));
    server->handle(SocketAccept{latest_socket()});
  }
};

TEST_P(RefusalsTest, EachRefusedPacketClosesItsSession) {
  for (const Json& row : read_table()) {
    if (row[column()].is_null()) continue;
    SCOPED_TRACE(row["rule"].get<std::string>());
    const bool taken = row.value("taken", false);
    Peer& peer = open();
    if (row.value("joined", true)) join(peer);
    sink.events.clear();
    peer.receive_packet(is_text(), message(row[column()]));
    EXPECT_EQ(peer.session->is_open(), taken);
    if (!taken) {
      EXPECT_TRUE(sink.all<SocketEvent>().empty());
      EXPECT_TRUE(sink.all<SocketConnect>().empty());
    }
  }
}

TEST_P(RefusalsTest, EachPacketIsRefusedForItsOwnReason) {
  for (const Json& row : read_table()) {
    if (row[column()].is_null() || !row.contains("error")) continue;
    const auto decoder = parser::make_codec(config.socket_io)->make_decoder();
    const std::string packet = message(row[column()]);
    const auto result = is_text() ? decoder->decode_text(packet) : decoder->decode_binary(packet);
    ASSERT_FALSE(result) << row["rule"];
    EXPECT_EQ(parser::describe(result.error()), row["error"].get<std::string>()) << row["rule"];
  }
}

INSTANTIATE_TEST_SUITE_P(Parsers, RefusalsTest,
                         testing::Values(PacketParser::json, PacketParser::msgpack),
                         [](const auto& instance) {
                           return instance.param == PacketParser::json ? "json" : "msgpack";
                         });

}  // namespace
}  // namespace sioserve::socketio
