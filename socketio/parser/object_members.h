// Removes single members of objects that clients have sent. The other members are not changed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/port/event_args.h"

namespace sioserve::parser {

bool has_member(const ReceivedValue& object, std::string_view name);

// Removes a string from an object. Nullopt if the member is absent or not a string.
std::optional<std::string> take_string(ReceivedValue& object, std::string_view name);

}  // namespace sioserve::parser
