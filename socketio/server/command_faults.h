// What commands of another process may not contain. The commands of this process are encoded by the
// bridge, and the codecs rely on that; a process that runs an application may send anything.
#pragma once

#include <optional>
#include <string_view>

#include "server/port/messages.h"

namespace sioserve::socketio {

// What is wrong with the values of a command; nullopt if they are as the bridge encodes them.
// Arguments of events are JSON arrays that begin with a name, other arguments are JSON arrays, and
// the payload of a refusal is a JSON object, none of them deeper than `max_sent_depth`. Names of
// namespaces and rooms that would be kept have a maximal length.
std::optional<std::string_view> fault_of(const Command& command);

// Deeper than what the bridge encodes.
constexpr std::size_t max_sent_depth = 256;

// In bytes. sio/names.py refuses longer ones: a room's name has at most 1,024 characters.
constexpr std::size_t max_namespace_name = 1'025;  // with the slash in front
constexpr std::size_t max_room_name = 4'096;

}  // namespace sioserve::socketio
