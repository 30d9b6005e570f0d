// Decoded Socket.IO packets back into messages.
#pragma once

#include <cstddef>
#include <optional>

#include "socketio/parser/codec.h"

namespace sioserve::fuzz {

// As the other side would send it. Attachments are those that stand in its data.
parser::EncodedPacket encode(const parser::Codec& codec, const parser::Packet& packet);

// What a new decoder makes of the packet, if it is whole and nothing is left over.
std::optional<parser::Packet> decode(const parser::Codec& codec,
                                     const parser::EncodedPacket& packet);

bool same(const parser::Packet& one, const parser::Packet& other);

// Of arrays and objects within one another.
std::size_t depth_of(const Json& value);

// What every accepted packet keeps to, whatever it was written in.
void check_packet(const parser::Packet& packet, const SocketIoConfig& limits);

}  // namespace sioserve::fuzz
