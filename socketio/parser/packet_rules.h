// The rules for packets, independent of their encoding.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/config.h"
#include "socketio/parser/decode_error.h"
#include "socketio/parser/packet.h"
#include "socketio/parser/value_summary.h"

namespace sioserve::parser {

inline constexpr std::size_t max_ack_id_digits = 19;  // any such number fits in 64 bits
inline constexpr std::uint64_t max_ack_id = 9'999'999'999'999'999'999U;

bool is_namespace(std::string_view text);

// "/chat?token=x" is the namespace "/chat"; only clients of Socket.IO 2 use the query.
struct NamespaceParts {
  std::string_view name;
  std::string_view query;  // without the question mark
};
NamespaceParts split_namespace(std::string_view text);

bool takes_ack_id(PacketType type);
// `data`: an event's name and arguments.
std::optional<DecodeError> check_event(const ValueSummary& data, const SocketIoConfig& limits);
// Checks the data of a packet; null: it has none.
std::optional<DecodeError> check_data(PacketType type, const ValueSummary* data,
                                      const SocketIoConfig& limits);
// The event's name, from checked data; nullopt if it is a number.
std::optional<std::string> event_name(const ValueSummary& data);

}  // namespace sioserve::parser
