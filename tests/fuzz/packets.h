// Encodes decoded Socket.IO packets again.
#pragma once

#include <cstddef>
#include <optional>

#include "server/base/json.h"
#include "socketio/parser/codec.h"

namespace sioserve::fuzz {

// The packet as the other side would send it.
parser::EncodedPacket encode(const parser::Codec& codec, const parser::Packet& packet);

// The packet from a new decoder, if it is complete and no input is left.
std::optional<parser::Packet> decode(const parser::Codec& codec,
                                     const parser::EncodedPacket& packet);

// The packet's data, or null if it has none.
Json data_of(const parser::Packet& packet);

bool same(const parser::Packet& one, const parser::Packet& other);

// The depth of nested arrays and objects.
std::size_t depth_of(const Json& value);

bool has_bytes(const Json& value);

// Checks what is true for every accepted packet in every encoding, and that its data reads the same
// without limits.
void check_packet(const parser::Packet& packet, const SocketIoConfig& limits);

}  // namespace sioserve::fuzz
