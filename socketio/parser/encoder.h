// From values to Engine.IO messages.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/base/server_commands.h"
#include "socketio/parser/packet.h"

namespace sioserve::parser {

EncodedPacket encode_connect(std::string_view name_space, std::string_view sid);
// `payload` is a JSON object, already encoded.
EncodedPacket encode_connect_error(std::string_view name_space, std::string_view payload);
EncodedPacket encode_disconnect(std::string_view name_space);
EncodedPacket encode_event(std::string_view name_space, EncodedArgs args,
                           std::optional<std::uint64_t> ack_id);
EncodedPacket encode_ack(std::string_view name_space, EncodedArgs args, std::uint64_t ack_id);

}  // namespace sioserve::parser
