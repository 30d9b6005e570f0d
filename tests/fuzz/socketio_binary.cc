// Socket.IO packets with attachments: records, of which those that begin with 'b' are binary
// messages and the others texts. A packet is complete with its last attachment and not before, is
// at most max_attachments times as large as what came, and reads the same when written again.
#include <string>

#include "socketio/parser/json_codec.h"
#include "tests/fuzz/packets.h"
#include "tests/fuzz/target.h"

namespace sioserve::fuzz {
namespace {

using namespace parser;

std::size_t attachment_bytes(const Json& value) {
  if (value.is_binary()) return value.get_binary().size();
  std::size_t sum = 0;
  if (value.is_structured()) {
    for (const Json& child : value) sum += attachment_bytes(child);
  }
  return sum;
}

}  // namespace

void fuzz(std::string_view input) {
  SocketIoConfig config;
  config.max_attachments = 4;
  const JsonCodec codec(config);
  auto decoder = codec.make_decoder();
  std::size_t waiting = 0;   // attachments of the incomplete packet
  std::size_t received = 0;  // their bytes
  for (const std::string_view record : records(input)) {
    const bool binary = record.starts_with('b');
    auto result = binary ? decoder->decode_binary(std::string(record.substr(1)))
                         : decoder->decode_text(record);
    if (!result) {
      require(!binary || waiting == 0, "an expected attachment is accepted");
      decoder = codec.make_decoder();
      waiting = received = 0;
      continue;
    }
    require(binary == (waiting > 0), "a binary message belongs to a packet, a text does not");
    if (binary) {
      received += record.size() - 1;
      --waiting;
    } else if (!*result) {
      waiting = std::stoul(std::string(record.substr(1)));
      require(waiting >= 1 && waiting <= config.max_attachments, "attachments are limited");
    }
    require(result->has_value() == (waiting == 0), "a packet ends with its last attachment");
    if (!*result) continue;
    require(attachment_bytes(data_of(**result)) <= received * config.max_attachments,
            "placeholders are limited, as attachments are");
    received = 0;
    check_packet(**result, config);
    const auto repeated = decode(codec, encode(codec, **result));
    require(repeated && same(*repeated, **result), "a packet that was read can be written");
  }
}

}  // namespace sioserve::fuzz
