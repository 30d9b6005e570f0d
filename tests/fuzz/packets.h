// Decoded Socket.IO packets back into messages.
#pragma once

#include <cstddef>
#include <optional>

#include "server/base/json.h"
#include "socketio/parser/codec.h"

namespace sioserve::fuzz {

// As the other side would send it.
parser::EncodedPacket encode(const parser::Codec& codec, const parser::Packet& packet);

// What a new decoder makes of the packet, if it is whole and nothing is left over.
std::optional<parser::Packet> decode(const parser::Codec& codec,
                                     const parser::EncodedPacket& packet);

// Its data; null: it has none.
Json data_of(const parser::Packet& packet);

bool same(const parser::Packet& one, const parser::Packet& other);

// Of arrays and objects within one another.
std::size_t depth_of(const Json& value);

bool has_bytes(const Json& value);

// What every accepted packet keeps to, whatever it was written in; and its data reads without
// limits as it did with them.
void check_packet(const parser::Packet& packet, const SocketIoConfig& limits);

}  // namespace sioserve::fuzz
