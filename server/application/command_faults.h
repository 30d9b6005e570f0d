// What HTTP commands of another process may not contain. Those of this process are checked by the
// bridge, which can tell the application; a process that runs an application may send anything.
#pragma once

#include <optional>
#include <string_view>

#include "server/port/messages.h"

namespace sioserve::application {

// What is wrong with the values of a command; nullopt if they are as the bridge checks them: early
// hints and trailers can't contain other fields, and a part of a file ends where a file can end.
// Heads of responses are not checked here, but when they are sent.
std::optional<std::string_view> fault_of(const Command& command);

}  // namespace sioserve::application
