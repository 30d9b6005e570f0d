// A Socket.IO packet in MessagePack, and a single value. Accepted input is within the limits and
// reads the same when it is written again.
#include <string>

#include "socketio/parser/json_tree.h"
#include "socketio/parser/msgpack_codec.h"
#include "tests/fuzz/packets.h"
#include "tests/fuzz/target.h"

namespace sioserve::fuzz {
namespace {

using namespace parser;

constexpr std::size_t max_depth = 8;

void check_value(std::string_view bytes) {
  ValueBudget any;
  const auto value = read_msgpack(bytes, max_depth, any);
  if (!value) return;
  require(depth_of(*value) <= max_depth + 1, "MessagePack is within the depth limit");
  std::string written;
  Json::to_msgpack(*value, written);
  const auto again = read_msgpack(written, max_depth + 1, any);
  require(again && *again == *value, "a packet that was read can be written");
}

}  // namespace

void fuzz(std::string_view input) {
  check_value(input);
  SocketIoConfig config;
  config.max_json_depth = max_depth;
  config.max_event_name = 32;
  const MsgpackCodec codec(config);
  const auto packet = codec.make_decoder()->decode_binary(std::string(input));
  if (!packet || !*packet) return;
  check_packet(**packet, config);
  // An extension becomes an array with its bytes, which is one level deeper than its encoding.
  const Json data = data_of(**packet);
  require(depth_of(data) <= max_depth + 1, "a packet is within the depth limit");
  // The server never writes a CONNECT with bytes.
  if ((*packet)->type == PacketType::connect && has_bytes(data)) return;
  SocketIoConfig deeper = config;
  deeper.max_json_depth = max_depth + 1;
  const MsgpackCodec again(deeper);
  const EncodedPacket written = encode(again, **packet);
  require(written.message->size() <= 4 * input.size() + 64, "attachments are not duplicated");
  // An object that looks like a placeholder may get an attachment.
  if (input.find("_placeholder") != std::string_view::npos) return;
  const auto repeated = decode(again, written);
  require(repeated && same(*repeated, **packet), "a packet that was read can be written");
}

}  // namespace sioserve::fuzz
