// From values to Engine.IO messages.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/base/server_commands.h"
#include "socketio/parser/packet.h"

namespace sioserve::parser {

// `pid`: for clients that may come back to this socket; empty: none.
EncodedPacket encode_connect(std::string_view name_space, std::string_view sid,
                             std::string_view pid = {});
// `payload` is a JSON object, already encoded.
EncodedPacket encode_connect_error(std::string_view name_space, std::string_view payload);
EncodedPacket encode_disconnect(std::string_view name_space);
EncodedPacket encode_event(std::string_view name_space, EncodedArgs args,
                           std::optional<std::uint64_t> ack_id);
// One more argument: `text`, which needs no escapes in JSON.
void append_text(EncodedArgs& args, std::string_view text);

EncodedPacket encode_ack(std::string_view name_space, EncodedArgs args, std::uint64_t ack_id);

}  // namespace sioserve::parser
