// What a packet must be, in whatever encoding it came.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/base/config.h"
#include "server/base/json.h"
#include "socketio/parser/decode_error.h"
#include "socketio/parser/packet.h"

namespace sioserve::parser {

inline constexpr std::size_t max_ack_id_digits = 19;  // any such number fits 64 bits
inline constexpr std::uint64_t max_ack_id = 9'999'999'999'999'999'999U;

bool is_namespace(std::string_view text);

// "/chat?token=x" is the namespace "/chat"; only clients of Socket.IO 2 mean something by the
// query.
struct NamespaceParts {
  std::string_view name;
  std::string_view query;  // without the question mark
};
NamespaceParts split_namespace(std::string_view text);

bool takes_ack_id(PacketType type);
// An event's name and arguments.
std::optional<DecodeError> check_event(const Json& data, const SocketIoConfig& limits);

}  // namespace sioserve::parser
