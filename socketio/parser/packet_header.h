// The part of a packet before its JSON:
//   <type>[<attachments>-][<namespace>,][<ack id>][<JSON>]
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "server/base/config.h"
#include "server/base/result.h"
#include "socketio/parser/decode_error.h"
#include "socketio/parser/packet.h"

namespace sioserve::parser {

// Borrows from the message that it was read from.
struct PacketHeader {
  PacketType type;
  std::optional<std::size_t> attachments;  // for the binary types only
  std::string_view name_space;             // without its query
  std::string_view query;
  std::optional<std::uint64_t> ack_id;
  std::string_view payload;
};

Result<PacketHeader, DecodeError> read_header(std::string_view message,
                                              const SocketIoConfig& limits);

}  // namespace sioserve::parser
