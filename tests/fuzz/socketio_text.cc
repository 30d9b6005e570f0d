// A Socket.IO packet in one text message. Accepted input is within the limits and reads the same
// when it is written again, and its JSON has the same value as for the JSON library.
#include <string>

#include "socketio/parser/json_codec.h"
#include "socketio/parser/json_tree.h"
#include "tests/fuzz/packets.h"
#include "tests/fuzz/target.h"

namespace sioserve::fuzz {
namespace {

using namespace parser;

SocketIoConfig limits() {
  SocketIoConfig config;
  config.max_json_depth = 8;
  config.max_event_name = 32;
  return config;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

void compare_readers(std::string_view text) {
  // The intended differences: a NUL does not end the input, a byte order mark is refused, and lone
  // surrogates are accepted.
  if (contains(text, {"\0", 1}) || text.starts_with('\xef')) return;
  const bool surrogates = contains(text, "\\ud") || contains(text, "\\uD");
  ValueBudget any;
  const auto own = read_json(text, 1'000, any);
  const auto other = nlohmann::json::parse(text, nullptr, false);
  if (own) {
    require(!other.is_discarded() || surrogates, "only JSON is accepted");
    // Our reader keeps all members with one name; in the library the last one counts.
    if (!other.is_discarded()) {
      require(nlohmann::json::parse(own->dump()) == other, "both readers read the same");
    }
  } else {
    require(other.is_discarded() || own.error() == DecodeError::too_deep, "all JSON is accepted");
  }
}

}  // namespace

void fuzz(std::string_view input) {
  const SocketIoConfig config = limits();
  const JsonCodec codec(config);
  const auto packet = codec.make_decoder()->decode_text(input);
  if (packet && *packet) {
    check_packet(**packet, config);
    require(depth_of(data_of(**packet)) <= config.max_json_depth, "JSON is within the depth limit");
    const EncodedPacket written = encode(codec, **packet);
    require(written.attachments.empty(), "a packet without attachments has none");
    const auto repeated = decode(codec, written);
    require(repeated && same(*repeated, **packet), "a packet that was read can be written");
  }
  if (const auto header = read_header(input, config)) compare_readers(header->payload);
}

}  // namespace sioserve::fuzz
