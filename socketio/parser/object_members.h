// Single members of objects that clients have sent. The others stay as they were written.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/port/event_args.h"

namespace sioserve::parser {

bool has_member(const ReceivedValue& object, std::string_view name);

// Takes a string out of an object. Nullopt: there is none of that name, or something else.
std::optional<std::string> take_string(ReceivedValue& object, std::string_view name);

}  // namespace sioserve::parser
