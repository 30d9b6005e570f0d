// Parts of messages that both formats write in the same way.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/json.h"
#include "server/port/event_args.h"
#include "socketio/cluster/messages.h"

namespace sioserve::socketio::cluster {

// --- values ---

// Socket.IO's packet type EVENT.
inline constexpr int event_packet = 2;

// Attachments become bytes.
Json to_tree(const EncodedArgs& args);
// Bytes become attachments.
EncodedArgs to_args(Json value);
// Bytes become {"type":"Buffer","data":[...]}, as in JSON.stringify() of Node.
std::string to_text(Json value);
std::string to_msgpack(const Json& value);
bool has_bytes(const Json& value);

// Nullopt: malformed. JSON in which words like NaN occur is malformed.
std::optional<Json> from_json(std::string_view text);
// Dates become their ISO text, as in Date.prototype.toJSON().
std::optional<Json> from_msgpack(std::string_view bytes);

// --- members of messages; false or nullopt: one is missing, or has another type ---

const Json* member(const Json& object, const char* name);
inline Json value_or_null(const Json* value) { return value ? *value : Json(); }
bool read_text(const Json& object, const char* name, std::string& text);
std::optional<std::string> optional_text(const Json& object, const char* name);
std::optional<std::uint64_t> optional_number(const Json& object, const char* name);
// Rooms may be numbers.
bool read_rooms(const Json* value, std::vector<std::string>& rooms);
// {rooms, except, flags} to the target and the options of a broadcast.
bool read_options(const Json* options, Broadcast& broadcast);
bool read_target(const Json* options, Target& target);
// The data of a packet: [event, ...args].
bool read_event(const Json* data, EncodedArgs& args);

// In Node, the number 42 and the text "42" are different rooms. So a room whose name is a whole
// number is named twice, and clients in either get the event.
Json rooms_as_json(const std::vector<std::string>& rooms);
Json target_as_json(const Target& target);
Json flags_as_json(const Broadcast& broadcast);

}  // namespace sioserve::socketio::cluster
