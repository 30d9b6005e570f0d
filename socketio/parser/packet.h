// Socket.IO packets (protocol 5) as values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/base/bytes.h"
#include "server/base/json.h"

namespace sioserve::parser {

// In wire order. The binary types exist only on the wire: a decoded packet that carried attachments
// has type event or ack.
enum class PacketType { connect, disconnect, event, ack, connect_error };

struct Packet {
  PacketType type;
  std::string name_space;  // begins with '/'
  std::optional<std::uint64_t> ack_id;
  // connect: an object, {} when absent; event and ack: an array in which every attachment stands
  // as a binary value; otherwise null.
  Json data;
};

// One packet as Engine.IO messages. They go out together: nothing may come between them.
struct EncodedPacket {
  // The text message, with Engine.IO's packet type '4' already in front, so that one buffer serves
  // both transports and every receiver of a broadcast.
  SharedBytes text;
  std::vector<SharedBytes> attachments;  // raw bytes, in placeholder order
};

}  // namespace sioserve::parser
